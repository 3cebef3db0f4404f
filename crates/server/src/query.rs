//! Query strings, and what they ask of a list.

use super::problem::{Kind, Problem, Source};
use percent_encoding::percent_decode_str;
use scieve::Diagnostics;
use scieve::Plan;
use scieve::Policy;
use scieve::{Builder, Filter, attr};
use scieve_users::{Direction, Sort, SortKey, Status, User};
use std::collections::HashSet;

/// The parameters of a query string in their order, decoded as `application/x-www-form-urlencoded`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// Reads a query string. A `%` without two hexadecimal digits, bytes that are not UTF-8 and U+0000, which no user has and not
    /// every database can be asked for, are refused, wherever they are.
    pub(super) fn read(query: Option<&str>) -> Result<Self, Problem> {
        let pairs = query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
        let read = pairs.map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let name = decode(name).ok_or_else(|| Problem::bad_request("the name of a query parameter is badly encoded"))?;
            match decode(value) {
                Some(value) => Ok((name, value)),
                None => Err(Problem::parameter(
                    name,
                    "badly encoded: expected UTF-8 without U+0000, and `%` only before two hexadecimal digits",
                )),
            }
        });
        read.collect::<Result<_, _>>().map(Self)
    }

    /// The value of a parameter; of one that is repeated, the first.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.iter().find(|(key, _)| *key == name).map(|(_, value)| value)
    }

    /// Every parameter as it came, repeated ones too.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

fn decode(text: &str) -> Option<String> {
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'%' && !(bytes.next()?.is_ascii_hexdigit() && bytes.next()?.is_ascii_hexdigit())
        {
            return None;
        }
    }
    percent_decode_str(&text.replace('+', " "))
        .decode_utf8()
        .ok()
        .filter(|text| !text.contains('\0'))
        .map(Into::into)
}

/// The members of each user that are wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fields {
    All,
    Named(HashSet<String>),
}

impl Fields {
    pub(super) fn read(parameters: &Parameters) -> Self {
        let names = parameters.get("fields").unwrap_or_default();
        let names: HashSet<_> = names
            .split(',')
            .map(str::trim)
            .filter(|name| !name.is_empty())
            .map(str::to_owned)
            .collect();
        if names.is_empty() { Self::All } else { Self::Named(names) }
    }

    pub(super) fn has(&self, name: &str) -> bool {
        match self {
            Self::All => true,
            Self::Named(names) => names.contains(name),
        }
    }
}

/// What a list is asked for by its query string.
#[derive(Clone, Debug)]
pub(super) struct Listing {
    pub(super) fields: Fields,
    /// 1 to 100.
    pub(super) limit: usize,
    pub(super) total: bool,
    /// The order, where one was asked for.
    pub(super) sort: Option<Sort>,
    pub(super) cursor: Option<(Direction, String)>,
    pub(super) id_above: Option<String>,
    pub(super) id_below: Option<String>,
    pub(super) filter: Option<CheckedFilter>,
    /// Another tenant was asked for.
    pub(super) tenant: Option<String>,
}

const LIMIT: usize = 20;
const MAX_LIMIT: usize = 100;

/// None of these may stand beside `filter`.
const DEPRECATED: &[&str] = &[
    "email",
    "endingBefore",
    "role",
    "sortBy",
    "sortOrder",
    "startingAfter",
    "status",
    "subject",
    "tenantId",
];
/// These hold for the first page only; on others the cursor has them.
const BOUNDS: &[&str] = &["endingBefore", "startingAfter"];

impl Listing {
    /// Reads what both lists have.
    fn common(parameters: &Parameters, keys: &[SortKey]) -> Result<Self, Problem> {
        let cursor = match (parameters.get("next"), parameters.get("prev")) {
            (Some(_), Some(_)) => {
                return Err(Problem::parameter(
                    "prev",
                    "`next` and `prev` cannot be used together",
                ));
            }
            (Some(next), None) => Some((Direction::Next, next.to_owned())),
            (None, Some(previous)) => Some((Direction::Previous, previous.to_owned())),
            (None, None) => None,
        };
        Ok(Self {
            fields: Fields::read(parameters),
            limit: parameters.get("limit").map_or(Ok(LIMIT), limit)?,
            total: parameters
                .get("totalResults")
                .map_or(Ok(false), |text| boolean("totalResults", text))?,
            sort: parameters.get("sort").map(|text| sort(text, keys)).transpose()?,
            cursor,
            id_above: None,
            id_below: None,
            filter: None,
            tenant: None,
        })
    }

    /// Reads the query string of the filter action.
    pub(super) fn of_action(parameters: &Parameters) -> Result<Self, Problem> {
        Self::common(parameters, &[SortKey::Name])
    }

    /// Reads the query string of the list, deprecated parameters with it.
    pub(super) fn of_list(parameters: &Parameters, policy: &Policy<User>) -> Result<Self, Problem> {
        let mut listing = Self::common(parameters, &SortKey::ALL)?;
        let paged = listing.cursor.is_some();
        let given =
            |name: &str| parameters.get(name).filter(|_| !(paged && BOUNDS.contains(&name)));
        listing.tenant = given("tenantId").map(str::to_owned);
        listing.id_above = given("startingAfter").map(str::to_owned);
        listing.id_below = given("endingBefore").map(str::to_owned);
        if listing.id_above.is_some() && listing.id_below.is_some() {
            return Err(Problem::parameter(
                "endingBefore",
                "`startingAfter` and `endingBefore` cannot be used together",
            ));
        }
        listing.filter = match parameters.get("filter") {
            Some(text) => {
                if let Some(name) = DEPRECATED.iter().find(|name| given(name).is_some()) {
                    return Err(Problem::parameter(
                        *name,
                        "deprecated parameters cannot be combined with `filter`",
                    ));
                }
                Some(CheckedFilter::parse(text, policy, Source::Parameter("filter".into()))?)
            }
            None => deprecated_filter(parameters, policy)?,
        };
        if listing.sort.is_none() {
            listing.sort = deprecated_sort(parameters)?;
        }
        Ok(listing)
    }
}

/// A filter of a request, with the plan that the caller's policy makes of it.
#[derive(Clone, Debug)]
pub(super) struct CheckedFilter {
    pub(super) filter: Filter,
    pub(super) plan: Plan<User>,
}

impl CheckedFilter {
    /// Parses a filter in the policy's syntax and checks it. `source` locates it in the request.
    pub(super) fn parse(
        text: &str,
        policy: &Policy<User>,
        source: Source,
    ) -> Result<Self, Problem> {
        Filter::parse_with(text, policy.syntax(), policy.limits())
            .and_then(|filter| Self::check(filter, policy))
            .map_err(|found| bad_filter(&found, source))
    }

    fn check(filter: Filter, policy: &Policy<User>) -> Result<Self, Diagnostics> {
        let plan = policy.check(&filter)?;
        Ok(Self { filter, plan })
    }
}

/// Converts every error of a filter to an error of the response, with its span.
fn bad_filter(found: &Diagnostics, source: Source) -> Problem {
    use super::problem::Fault;
    use scieve::Severity;
    let errors = found.iter().filter(|finding| finding.severity() == Severity::Error);
    let faults: Vec<Fault> = errors
        .map(|finding| {
            let detail = match finding.help() {
                Some(help) => format!("{finding}; {help}"),
                None => finding.to_string(),
            };
            let place =
                serde_json::json!({ "filterCode": finding.code().name(), "start": finding.span().start, "end": finding.span().end });
            Fault::new(detail).meta(place)
        })
        .collect();
    let faults = if faults.is_empty() { vec![Fault::new(found.to_string())] } else { faults };
    Problem::of(Kind::BadFilter, faults).at(source)
}

/// Builds the filter that the deprecated parameters stand for.
fn deprecated_filter(
    parameters: &Parameters,
    policy: &Policy<User>,
) -> Result<Option<CheckedFilter>, Problem> {
    let equal = |name: &'static str, path: &str| {
        parameters.get(name).map(|text| (name, attr(path).eq(text)))
    };
    let status =
        parameters.get("status").map(statuses).transpose()?.map(|builder| ("status", builder));
    let given = [
        equal("email", "email"),
        equal("subject", "subject"),
        equal("role", "assignedRoles.name"),
        status,
    ];
    let given = || given.iter().flatten().cloned();
    let Some(all) = given().map(|(_, builder)| builder).reduce(Builder::and) else {
        return Ok(None);
    };
    let check =
        |builder: Builder| builder.build().and_then(|filter| CheckedFilter::check(filter, policy));
    check(all).map(Some).map_err(|found| {
        // Each parameter is checked alone only now, to name the one that is wrong.
        let wrong = given().find_map(|(name, builder)| Some((name, check(builder).err()?)));
        match wrong {
            Some((name, found)) => bad_filter(&found, Source::Parameter(name.into())),
            None => Problem::bad_request(found.to_string()),
        }
    })
}

/// `active,disabled`: any of them.
fn statuses(text: &str) -> Result<Builder, Problem> {
    let mut any: Option<Builder> = None;
    let mut seen = Vec::new();
    for name in text.split(',').map(str::trim) {
        let found = Status::ALL.into_iter().find(|status| status.name().eq_ignore_ascii_case(name));
        let Some(status) = found else {
            return Err(Problem::parameter(
                "status",
                "expected `active`, `invited`, `disabled`, `deleted` or `provisioned`, or several with commas",
            ));
        };
        if seen.contains(&status) {
            continue;
        }
        seen.push(status);
        let one = attr("status").eq(status.name());
        any = Some(match any {
            Some(others) => others.or(one),
            None => one,
        });
    }
    any.ok_or_else(|| Problem::parameter("status", "expected a status"))
}

fn deprecated_sort(parameters: &Parameters) -> Result<Option<Sort>, Problem> {
    let by = parameters.get("sortBy").map(|name| match name {
        "name" => Ok(SortKey::Name),
        _ => Err(Problem::parameter("sortBy", "expected `name`")),
    });
    let order = parameters.get("sortOrder").map(|order| match order {
        "asc" => Ok(false),
        "desc" => Ok(true),
        _ => Err(Problem::parameter("sortOrder", "expected `asc` or `desc`")),
    });
    match (by.transpose()?, order.transpose()?) {
        (None, None) => Ok(None),
        (key, descending) => Ok(Some(Sort {
            key: key.unwrap_or_default(),
            descending: descending.unwrap_or_default(),
        })),
    }
}

/// `20`, or `20.0` as clients send whose numbers are floating point.
fn limit(text: &str) -> Result<usize, Problem> {
    let (whole, fraction) =
        text.split_once('.').map_or((text, None), |(whole, fraction)| (whole, Some(fraction)));
    let digits = !whole.is_empty() && whole.bytes().all(|byte| byte.is_ascii_digit());
    let zeros = fraction
        .is_none_or(|fraction| !fraction.is_empty() && fraction.bytes().all(|byte| byte == b'0'));
    match whole.parse() {
        Ok(limit @ 1..=MAX_LIMIT) if digits && zeros => Ok(limit),
        _ => Err(Problem::parameter(
            "limit",
            format!("expected a whole number from 1 to {MAX_LIMIT}"),
        )),
    }
}

/// `true` or `false` in any case.
fn boolean(name: &str, text: &str) -> Result<bool, Problem> {
    match text {
        text if text.eq_ignore_ascii_case("true") => Ok(true),
        text if text.eq_ignore_ascii_case("false") => Ok(false),
        _ => Err(Problem::parameter(name, "expected `true` or `false`")),
    }
}

/// A name with `+` or `-` or nothing before it. A blank counts as a plus: it is one that was sent unencoded.
fn sort(text: &str, keys: &[SortKey]) -> Result<Sort, Problem> {
    let (name, descending) = match text.strip_prefix('-') {
        Some(name) => (name, true),
        None => (text.strip_prefix(['+', ' ']).unwrap_or(text), false),
    };
    let found =
        keys.iter().find(|key| key.name() == name || (**key == SortKey::Id && name == "_id"));
    found.map(|key| Sort { key: *key, descending }).ok_or_else(|| {
        let names: Vec<_> = keys.iter().map(|key| format!("`{}`", key.name())).collect();
        Problem::parameter(
            "sort",
            format!("expected {} with `+` or `-` or nothing before it", names.join(", ")),
        )
    })
}
