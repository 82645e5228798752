"""Gets this folder on AppDaemon's import path: AppDaemon adds the folder of every Python file that it sees.

So it finds the package beside this file also where `exclude_dirs: [enphase_battery]` in appdaemon.yaml keeps it from
looking into the package, whatever this folder is called. Nothing imports this file.
"""
