//! The ten endpoints of the users.

mod count;
mod create;
mod invite;
mod list;
mod me;
mod metadata;
mod paging;
mod search;
mod user;

use super::app::App;
use super::links::USERS;
use axum::Router;
use axum::routing::{MethodRouter, get, post};
use scieve_users::UserStore;
use std::sync::Arc;

/// Returns the routes below `/api/v1/users`. A literal segment takes precedence over `{userId}`.
pub(super) fn routes<S: UserStore>() -> Router<Arc<App<S>>> {
    let routes: [(&str, MethodRouter<Arc<App<S>>>); 7] = [
        ("", get(list::list::<S>).post(create::create::<S>)),
        ("/{userId}", get(user::get::<S>).patch(user::patch::<S>).delete(user::delete::<S>)),
        ("/me", get(me::me::<S>)),
        ("/metadata", get(metadata::metadata::<S>)),
        ("/actions/count", get(count::count::<S>)),
        ("/actions/filter", post(list::filter::<S>).get(list::filter_page::<S>)),
        ("/actions/invite", post(invite::invite::<S>)),
    ];
    routes.into_iter().fold(Router::new(), |router, (path, methods)| {
        router.route(&format!("{USERS}{path}"), methods)
    })
}
