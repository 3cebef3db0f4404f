//! The ten endpoints of the users API.

mod create;
mod invite;
mod list;
mod me;
mod paging;
mod user;

use super::app::App;
use super::links::USERS;
use axum::Router;
use axum::routing::{MethodRouter, get, post};
use scieve_users::UserStore;
use std::sync::Arc;

/// The routes below `/api/v1/users`. Where a path could be two of them, the one without a parameter is meant.
pub(super) fn routes<S: UserStore>() -> Router<Arc<App<S>>> {
    let routes: [(&str, MethodRouter<Arc<App<S>>>); 7] = [
        ("", get(list::list::<S>).post(create::create::<S>)),
        ("/{userId}", get(user::get::<S>).patch(user::patch::<S>).delete(user::delete::<S>)),
        ("/me", get(me::me::<S>)),
        ("/metadata", get(me::metadata::<S>)),
        ("/actions/count", get(invite::count::<S>)),
        ("/actions/filter", post(list::filter::<S>).get(list::filter_page::<S>)),
        ("/actions/invite", post(invite::invite::<S>)),
    ];
    routes.into_iter().fold(Router::new(), |router, (path, methods)| {
        router.route(&format!("{USERS}{path}"), methods)
    })
}
