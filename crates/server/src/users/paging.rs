//! A page of a list, with the links to those beside it.

use crate::app::{App, answer};
use crate::identity::Caller;
use crate::links::Links;
use crate::problem::{Problem, Source};
use crate::query::{CheckedFilter, Listing, Parameters};
use crate::view::{Href, ShownUser, View};
use axum::http::StatusCode;
use axum::response::Response;
use scieve_users::{
    Cursor, CursorError, Direction, Page, Position, Query, Sort, SortKey, StoreError, UserStore,
    Window,
};
use serde::Serialize;

/// A request for a page, read.
pub(super) struct Ask<'a> {
    pub(super) caller: &'a Caller,
    pub(super) links: &'a Links,
    pub(super) parameters: &'a Parameters,
    pub(super) listing: Listing,
    /// Whether the id of a user is as good as a cursor.
    pub(super) ids_are_cursors: bool,
}

/// Which part of which list.
struct Place {
    sort: Sort,
    window: Window,
    id_above: Option<String>,
    id_below: Option<String>,
    filter: Option<CheckedFilter>,
}

/// Answers with the page.
pub(super) async fn page<S: UserStore>(
    app: &App<S>,
    mut ask: Ask<'_>,
) -> Result<Response, Problem> {
    let place = match ask.listing.cursor.take() {
        None => first(&mut ask.listing),
        Some((direction, text)) => at_cursor(app, &mut ask, direction, &text).await?,
    };
    let tenant = ask.caller.tenant();
    let filter_text = place.filter.as_ref().map(|checked| checked.filter.to_string());
    let query = Query {
        sort: place.sort,
        window: place.window.clone(),
        id_above: place.id_above.clone(),
        id_below: place.id_below.clone(),
        limit: ask.listing.limit,
        total: ask.listing.total,
        ..Query::matching(place.filter.as_ref().map(|checked| &checked.plan))
    };
    let page = match &ask.listing.tenant {
        Some(other) if other != tenant => {
            Page { total: ask.listing.total.then_some(0), ..Page::default() }
        }
        _ => app.store.list(tenant, &query).await?,
    };
    let cursor = |direction, user| {
        let mut cursor = Cursor::new(
            place.sort,
            direction,
            Position::of(user, place.sort),
            filter_text.as_deref(),
        );
        (cursor.id_above, cursor.id_below) = (place.id_above.clone(), place.id_below.clone());
        Href {
            href: ask.links.page(ask.parameters, direction, &cursor.encode(&app.cursors, tenant)),
        }
    };
    let links = Beside {
        next: page.users.last().filter(|_| page.has_next).map(|last| cursor(Direction::Next, last)),
        previous: page
            .users
            .first()
            .filter(|_| page.has_previous)
            .map(|first| cursor(Direction::Previous, first)),
        own: Href { href: ask.links.current(ask.parameters) },
    };
    let view = View {
        caller: ask.caller,
        links: ask.links,
        fields: &ask.listing.fields,
        invite_expiry: app.invite_expiry,
    };
    let data = page.users.iter().map(|user| view.user(user)).collect();
    Ok(answer(StatusCode::OK, &Body { data, links, total: page.total }))
}

#[derive(Serialize)]
struct Body<'a> {
    data: Vec<ShownUser<'a>>,
    links: Beside,
    #[serde(rename = "totalResults", skip_serializing_if = "Option::is_none")]
    total: Option<u64>,
}

/// The links to the pages beside this one, and to this one.
#[derive(Serialize)]
struct Beside {
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<Href>,
    #[serde(rename = "prev", skip_serializing_if = "Option::is_none")]
    previous: Option<Href>,
    #[serde(rename = "self")]
    own: Href,
}

/// Where a list begins. By id, where a bound on ids is all that was asked for: below such a bound lie the nearest ids.
fn first(listing: &mut Listing) -> Place {
    let bounded = listing.id_above.is_some() || listing.id_below.is_some();
    let by_id = bounded && listing.sort.is_none();
    let order = if by_id { Sort { key: SortKey::Id, descending: false } } else { Sort::default() };
    Place {
        sort: listing.sort.unwrap_or(order),
        window: if by_id && listing.id_below.is_some() { Window::Last } else { Window::First },
        id_above: listing.id_above.take(),
        id_below: listing.id_below.take(),
        filter: listing.filter.take(),
    }
}

/// Where a cursor leads. What the request says of the order and the filter must be what the cursor says; what it leaves out, the
/// cursor says.
async fn at_cursor<S: UserStore>(
    app: &App<S>,
    ask: &mut Ask<'_>,
    direction: Direction,
    text: &str,
) -> Result<Place, Problem> {
    let tenant = ask.caller.tenant();
    let name = match direction {
        Direction::Next => "next",
        Direction::Previous => "prev",
    };
    let refuse = |error: CursorError| Problem::parameter(name, error.to_string());
    let window = |position| match direction {
        Direction::Next => Window::After(position),
        Direction::Previous => Window::Before(position),
    };
    let cursor = match Cursor::decode(text, &app.cursors, tenant) {
        Ok(cursor) => cursor,
        Err(_) if ask.ids_are_cursors => {
            let user = match app.store.get(tenant, text).await {
                Ok(user) => user,
                Err(StoreError::NotFound) => {
                    return Err(Problem::parameter(name, "expected a cursor or the id of a user"));
                }
                Err(error) => return Err(error.into()),
            };
            let sort = ask.listing.sort.unwrap_or_default();
            let filter = ask.listing.filter.take();
            return Ok(Place {
                sort,
                window: window(Position::of(&user, sort)),
                id_above: None,
                id_below: None,
                filter,
            });
        }
        Err(error) => return Err(refuse(error)),
    };
    let given = ask.listing.filter.take();
    cursor
        .agrees(
            ask.listing.sort,
            given.as_ref().map(|checked| checked.filter.to_string()).as_deref(),
        )
        .map_err(refuse)?;
    let filter = match given {
        Some(filter) => Some(filter),
        None => {
            let source = || Source::Parameter(name.into());
            let text = cursor.filter().map_err(refuse)?;
            text.map(|text| CheckedFilter::parse(text, ask.caller.policy(), source()))
                .transpose()?
        }
    };
    Ok(Place {
        sort: cursor.sort,
        window: window(cursor.position),
        id_above: cursor.id_above,
        id_below: cursor.id_below,
        filter,
    })
}
