//! Windows of a list: the direction and the cursor of a page, and the page of the slots found.

use super::tenant::Tenant;
use crate::page::{Page, Position, Window};
use std::sync::Arc;

/// Returns whether the window is read forwards in the order of the list, and the cursor after which
/// it starts in this direction.
pub(super) fn direction(window: &Window) -> (bool, Option<&Position>) {
    match window {
        Window::First => (true, None),
        Window::Last => (false, None),
        Window::After(cursor) => (true, Some(cursor)),
        Window::Before(cursor) => (false, Some(cursor)),
    }
}

/// The slots of a page, in the order in which they were read.
pub(super) struct PageSlots {
    pub(super) slots: Vec<u32>,
    pub(super) forwards: bool,
    /// True if more matches follow in reading direction.
    pub(super) more_ahead: bool,
    /// True if there are matches on the other side of the cursor.
    pub(super) any_behind: bool,
    pub(super) total: Option<u64>,
}

impl PageSlots {
    /// Loads the users and puts them into the order of the list.
    pub(super) fn load(mut self, tenant: &Tenant) -> Page {
        let (has_previous, has_next) = match self.forwards {
            true => (self.any_behind, self.more_ahead),
            false => (self.more_ahead, self.any_behind),
        };
        if !self.forwards {
            self.slots.reverse();
        }
        let users: Vec<_> = self.slots.into_iter().filter_map(|slot| tenant.user(slot)).collect();
        users.iter().for_each(|user| user.prefetch());
        let users = users.into_iter().map(|user| Arc::new(user.to_user())).collect();
        Page { users, has_previous, has_next, total: self.total }
    }
}
