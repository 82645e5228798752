"""Every family of the cloud has a whole row."""

from __future__ import annotations

import pytest

from enphase_battery.enlighten.families import Family


@pytest.mark.parametrize("family", Family)
def test_each_family_has_members_of_the_settings_that_are_no_other_familys(family: Family) -> None:
    assert family.row.control_member.endswith("Control")
    others = {member for other in Family if other is not family for member in other.row.members}
    assert all(family.row.members)
    assert not others & set(family.row.members)


def test_a_control_object_that_comes_and_goes_is_where_its_switch_stands() -> None:
    assert all(family.row.switch_member is None for family in Family if family.row.comes_and_goes)
