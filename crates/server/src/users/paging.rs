//! Keyset pagination of the list and the filter action.
//!
//! A cursor contains the sort key and the id of a user, not an offset, so that creating or deleting
//! users between two requests neither skips nor repeats others.

use super::search::{PageStart, Search};
use crate::app::{App, json_response};
use crate::identity::Caller;
use crate::links::Links;
use crate::problem::{Problem, Source};
use crate::query::{CheckedFilter, ListParameters, Parameters};
use crate::view::{Href, UserView, View};
use axum::http::StatusCode;
use axum::response::Response;
use scieve_users::{
    Cursor, CursorError, Direction, Page, Position, Sort, SortKey, StoreError, UserStore, Window,
};
use serde::Serialize;

/// A parsed request for a page.
pub(super) struct PageRequest<'a> {
    pub(super) caller: &'a Caller,
    pub(super) links: &'a Links,
    pub(super) parameters: &'a Parameters,
    pub(super) list: ListParameters,
    /// Accept the id of a user as a cursor.
    pub(super) ids_are_cursors: bool,
}

/// Returns the response with the page.
pub(super) async fn page<S: UserStore>(
    app: &App<S>,
    mut request: PageRequest<'_>,
) -> Result<Response, Problem> {
    let start = match request.list.cursor.take() {
        None => from_beginning(&mut request.list),
        Some((direction, cursor)) => from_cursor(app, &mut request, direction, &cursor).await?,
    };
    let tenant = request.caller.tenant();
    let filter_text = start.filter.as_ref().map(|checked| checked.filter.to_string());
    let search = Search {
        start,
        limit: request.list.limit,
        total: request.list.total,
        sees_deleted: request.caller.sees_deleted(),
    };
    let (search, page) = match &request.list.tenant {
        Some(other) if other != tenant => {
            (search.into(), Page { total: request.list.total.then_some(0), ..Page::default() })
        }
        _ => search.run(app, request.caller).await?,
    };
    let start = &search.start;
    let cursor = |direction, user| {
        let mut cursor = Cursor::new(
            start.sort,
            direction,
            Position::of(user, start.sort),
            filter_text.as_deref(),
        );
        (cursor.id_above, cursor.id_below) = (start.id_above.clone(), start.id_below.clone());
        Href {
            href: request.links.page(
                request.parameters,
                direction,
                &cursor.encode(&app.cursors, tenant),
            ),
        }
    };
    let links = PageLinks {
        next: page.users.last().filter(|_| page.has_next).map(|last| cursor(Direction::Next, last)),
        previous: page
            .users
            .first()
            .filter(|_| page.has_previous)
            .map(|first| cursor(Direction::Previous, first)),
        this: Href { href: request.links.current(request.parameters) },
    };
    let view = View {
        caller: request.caller,
        links: request.links,
        fields: &request.list.fields,
        invite_expiry: app.invite_expiry,
    };
    let data = page.users.iter().map(|user| view.user(user)).collect();
    Ok(json_response(StatusCode::OK, &Body { data, links, total: page.total }))
}

#[derive(Serialize)]
struct Body<'a> {
    data: Vec<UserView<'a>>,
    links: PageLinks,
    #[serde(rename = "totalResults", skip_serializing_if = "Option::is_none")]
    total: Option<u64>,
}

/// Links to the next and the previous page, if they exist, and to this page.
#[derive(Serialize)]
struct PageLinks {
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<Href>,
    #[serde(rename = "prev", skip_serializing_if = "Option::is_none")]
    previous: Option<Href>,
    #[serde(rename = "self")]
    this: Href,
}

/// Returns the start of a list without a cursor.
///
/// With a deprecated bound on ids and no sort, the order is by id, and a page below an upper bound
/// has the ids nearest to the bound.
fn from_beginning(list: &mut ListParameters) -> PageStart {
    let bounded = list.id_above.is_some() || list.id_below.is_some();
    let by_id = bounded && list.sort.is_none();
    let default =
        if by_id { Sort { key: SortKey::Id, descending: false } } else { Sort::default() };
    PageStart {
        sort: list.sort.unwrap_or(default),
        window: if by_id && list.id_below.is_some() { Window::Last } else { Window::First },
        id_above: list.id_above.take(),
        id_below: list.id_below.take(),
        filter: list.filter.take(),
    }
}

/// Returns the start that a cursor describes. The sort and the filter of the request, if present,
/// must equal those of the cursor.
async fn from_cursor<S: UserStore>(
    app: &App<S>,
    request: &mut PageRequest<'_>,
    direction: Direction,
    cursor: &str,
) -> Result<PageStart, Problem> {
    let tenant = request.caller.tenant();
    let name = match direction {
        Direction::Next => "next",
        Direction::Previous => "prev",
    };
    let invalid = |error: CursorError| Problem::parameter(name, error.to_string());
    let window = |position| match direction {
        Direction::Next => Window::After(position),
        Direction::Previous => Window::Before(position),
    };
    let cursor = match Cursor::decode(cursor, &app.cursors, tenant) {
        Ok(cursor) => cursor,
        Err(_) if request.ids_are_cursors => {
            let user = match app.store.get(tenant, cursor).await {
                Ok(user) => user,
                Err(StoreError::NotFound) => {
                    return Err(Problem::parameter(name, "expected a cursor or the id of a user"));
                }
                Err(error) => return Err(error.into()),
            };
            let sort = request.list.sort.unwrap_or_default();
            let filter = request.list.filter.take();
            return Ok(PageStart {
                sort,
                window: window(Position::of(&user, sort)),
                id_above: None,
                id_below: None,
                filter,
            });
        }
        Err(error) => return Err(invalid(error)),
    };
    let given = request.list.filter.take();
    cursor
        .agrees(
            request.list.sort,
            given.as_ref().map(|checked| checked.filter.to_string()).as_deref(),
        )
        .map_err(invalid)?;
    let filter = match given {
        Some(filter) => Some(filter),
        None => {
            let source = || Source::Parameter(name.into());
            let filter = cursor.filter().map_err(invalid)?;
            filter
                .map(|filter| CheckedFilter::parse(filter, request.caller.policy(), source()))
                .transpose()?
        }
    };
    Ok(PageStart {
        sort: cursor.sort,
        window: window(cursor.position),
        id_above: cursor.id_above,
        id_below: cursor.id_below,
        filter,
    })
}
