//! The ten endpoints of the users API.

mod actions;
mod create;
mod list;
mod one;
mod own;
mod paging;

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
        ("/{userId}", get(one::get::<S>).patch(one::patch::<S>).delete(one::delete::<S>)),
        ("/me", get(own::me::<S>)),
        ("/metadata", get(own::metadata::<S>)),
        ("/actions/count", get(actions::count::<S>)),
        ("/actions/filter", post(list::filter::<S>).get(list::filter_page::<S>)),
        ("/actions/invite", post(actions::invite::<S>)),
    ];
    routes.into_iter().fold(Router::new(), |router, (path, methods)| {
        router.route(&format!("{USERS}{path}"), methods)
    })
}
