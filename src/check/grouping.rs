//! The rule on groups, looked at while the filter is gone through for other reasons.

use crate::policy::GroupRule;
use crate::schema::AttributeId;

/// Whether the rule on the one group of a policy holds, found out in passing and without the words for where it does not.
pub(super) struct Grouping {
    attribute: Option<AttributeId>,
    /// Whether this condition has clauses of the group, and others.
    members: bool,
    others: bool,
    /// Whether the group began and ended before this condition.
    begun: bool,
    ended: bool,
    holds: bool,
}

impl Grouping {
    pub(super) fn of(groups: &[GroupRule]) -> Self {
        let attribute = groups.first().map(GroupRule::attribute);
        // Of several groups nothing is known in passing.
        Self {
            attribute,
            members: false,
            others: false,
            begun: false,
            ended: false,
            holds: groups.len() < 2,
        }
    }

    pub(super) fn holds(&self) -> bool {
        self.holds
    }

    /// Notes a clause on that attribute.
    pub(super) fn take(&mut self, attribute: AttributeId) {
        let member = self.attribute == Some(attribute);
        self.members |= member;
        self.others |= !member;
    }

    /// Notes what is no clause of a group.
    pub(super) fn take_other(&mut self) {
        self.others = true;
    }

    /// Notes that a condition ends here.
    pub(super) fn next_condition(&mut self) {
        self.holds &= !(self.members && (self.others || self.ended));
        self.begun |= self.members;
        self.ended |= self.begun && !self.members;
        (self.members, self.others) = (false, false);
    }
}
