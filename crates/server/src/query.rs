//! Query strings, and the parameters of the list and the filter action.

use super::parameter_names::reject_resembling;
use super::problem::{ErrorObject, Problem, ProblemKind, Source, quoted};
use percent_encoding::percent_decode_str;
use scieve::{Builder, Diagnostics, Filter, Plan, Policy, Severity, attr, fold_key};
use scieve_users::{Direction, Sort, SortKey, Status, User};
use serde_json::json;
use std::collections::HashSet;

/// The parameters of a query string in their order, decoded as
/// [`application/x-www-form-urlencoded`](https://url.spec.whatwg.org/#urlencoded-parsing).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// Parses a query string more strictly than the URL standard: a `%` without two hexadecimal
    /// digits, invalid UTF-8 and U+0000 are rejected, also in parameters that are ignored. No user
    /// has U+0000 in a member, and PostgreSQL does not accept it in a string.
    pub(super) fn parse(query: Option<&str>) -> Result<Self, Problem> {
        let pairs = query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
        let decoded = pairs.map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let name = decode(name).ok_or_else(|| {
                Problem::bad_request("the name of a query parameter is badly encoded")
            })?;
            match decode(value) {
                Some(value) => Ok((name, value)),
                None => Err(Problem::parameter(
                    name,
                    "badly encoded: expected UTF-8 without U+0000, and `%` only before two hexadecimal digits",
                )),
            }
        });
        decoded.collect::<Result<_, _>>().map(Self)
    }

    /// Returns the value of a parameter; the first one if it is repeated.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.iter().find(|(key, _)| *key == name).map(|(_, value)| value)
    }

    /// Returns the first value of a deprecated parameter that is not empty. Forms and some clients
    /// send parameters without a value for fields that are not filled in.
    fn given(&self, name: &str) -> Option<&str> {
        self.iter().find(|(key, value)| *key == name && !value.is_empty()).map(|(_, value)| value)
    }

    /// Rejects parameters that would be ignored although their names resemble a known one.
    pub(super) fn reject_resembling<'k>(
        &self,
        known: impl IntoIterator<Item = &'k str, IntoIter: Clone>,
    ) -> Result<(), Problem> {
        let names = self.iter().map(|(name, _)| name);
        reject_resembling(names, known.into_iter(), |name, detail| Problem::parameter(name, detail))
    }

    /// Rejects a filter, for endpoints that do not filter by a parameter and would return or count
    /// every user instead.
    pub(super) fn reject_filter(&self, detail: &str) -> Result<(), Problem> {
        self.reject_resembling(["filter"])?;
        match self.get("filter") {
            Some(_) => Err(Problem::parameter("filter", detail)),
            None => Ok(()),
        }
    }

    /// Returns all parameters in their order, including repeated and unknown ones.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

fn decode(value: &str) -> Option<String> {
    let mut bytes = value.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'%' && !(bytes.next()?.is_ascii_hexdigit() && bytes.next()?.is_ascii_hexdigit())
        {
            return None;
        }
    }
    percent_decode_str(&value.replace('+', " "))
        .decode_utf8()
        .ok()
        .filter(|decoded| !decoded.contains('\0'))
        .map(Into::into)
}

/// The members of a user in a response.
const MEMBERS: [&str; 22] = [
    "assignedGroups",
    "assignedRoles",
    "assignedScopes",
    "clientId",
    "created",
    "createdAt",
    "email",
    "id",
    "inviteExpiry",
    "lastUpdated",
    "lastUpdatedAt",
    "links",
    "locale",
    "name",
    "picture",
    "preferredLocale",
    "preferredZoneinfo",
    "roles",
    "status",
    "subject",
    "tenantId",
    "zoneinfo",
];

/// The members of each user to return.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fields {
    All,
    Named(HashSet<&'static str>),
}

impl Fields {
    /// Parses the parameter `fields`. Case is ignored, as in filters; unknown names are ignored.
    pub(super) fn parse(parameters: &Parameters) -> Self {
        let names = parameters.get("fields").unwrap_or_default();
        let mut names = names.split(',').map(str::trim).filter(|name| !name.is_empty()).peekable();
        if names.peek().is_none() {
            return Self::All;
        }
        let known = |name: &str| MEMBERS.into_iter().find(|known| known.eq_ignore_ascii_case(name));
        Self::Named(names.filter_map(known).collect())
    }

    pub(super) fn contains(&self, name: &str) -> bool {
        match self {
            Self::All => true,
            Self::Named(names) => names.contains(name),
        }
    }
}

/// The parameters of a list.
#[derive(Clone, Debug)]
pub(super) struct ListParameters {
    pub(super) fields: Fields,
    /// Maximum number of users on a page, 1 to 100.
    pub(super) limit: usize,
    /// Value of `totalResults`: count the users on all pages.
    pub(super) total: bool,
    pub(super) sort: Option<Sort>,
    pub(super) cursor: Option<(Direction, String)>,
    pub(super) id_above: Option<String>,
    pub(super) id_below: Option<String>,
    pub(super) filter: Option<CheckedFilter>,
    /// The deprecated parameter `tenantId`.
    pub(super) tenant: Option<String>,
}

const DEFAULT_LIMIT: usize = 20;
const MAX_LIMIT: usize = 100;

/// Parameters of the filter action and the list.
const COMMON: [&str; 6] = ["fields", "limit", "next", "prev", "sort", "totalResults"];
/// Parameters that cannot be combined with `filter`.
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
/// Parameters that are ignored if there is a cursor, since the cursor contains their values.
const BOUNDS: &[&str] = &["endingBefore", "startingAfter"];

impl ListParameters {
    /// Parses the parameters that the list and the filter action have in common.
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
            fields: Fields::parse(parameters),
            limit: parameters.get("limit").map_or(Ok(DEFAULT_LIMIT), limit)?,
            total: parameters
                .get("totalResults")
                .map_or(Ok(false), |value| boolean("totalResults", value))?,
            sort: parameters.get("sort").map(|value| sort(value, keys)).transpose()?,
            cursor,
            id_above: None,
            id_below: None,
            filter: None,
            tenant: None,
        })
    }

    /// Parses the parameters of the filter action.
    pub(super) fn of_action(parameters: &Parameters) -> Result<Self, Problem> {
        parameters.reject_resembling(COMMON)?;
        let list = Self::common(parameters, &[SortKey::Name])?;
        // A cursor contains the filter.
        if list.cursor.is_none() {
            parameters.reject_filter("the filter action expects the filter in the body")?;
        }
        Ok(list)
    }

    /// Parses the parameters of the list, including the deprecated ones.
    pub(super) fn of_list(parameters: &Parameters, policy: &Policy<User>) -> Result<Self, Problem> {
        parameters
            .reject_resembling(COMMON.iter().chain(&["filter"]).chain(DEPRECATED).copied())?;
        let mut list = Self::common(parameters, &SortKey::ALL)?;
        let paged = list.cursor.is_some();
        let given =
            |name: &str| parameters.given(name).filter(|_| !(paged && BOUNDS.contains(&name)));
        // With a cursor, which contains the filter, clients repeat it.
        if !paged && parameters.iter().filter(|(name, _)| *name == "filter").count() > 1 {
            return Err(Problem::parameter("filter", "expected one `filter`"));
        }
        list.tenant = given("tenantId").map(str::to_owned);
        list.id_above = given("startingAfter").map(str::to_owned);
        list.id_below = given("endingBefore").map(str::to_owned);
        if list.id_above.is_some() && list.id_below.is_some() {
            return Err(Problem::parameter(
                "endingBefore",
                "`startingAfter` and `endingBefore` cannot be used together",
            ));
        }
        list.filter = match parameters.get("filter") {
            Some(filter) => {
                if let Some(name) = DEPRECATED.iter().find(|name| given(name).is_some()) {
                    return Err(Problem::parameter(
                        *name,
                        "deprecated parameters cannot be combined with `filter`",
                    ));
                }
                Some(CheckedFilter::parse(filter, policy, Source::Parameter("filter".into()))?)
            }
            None => deprecated_filter(parameters, policy)?,
        };
        if list.sort.is_none() {
            list.sort = deprecated_sort(parameters)?;
        }
        Ok(list)
    }
}

/// A filter and the plan from checking it against the caller's policy.
#[derive(Clone, Debug)]
pub(super) struct CheckedFilter {
    pub(super) filter: Filter,
    pub(super) plan: Plan<User>,
}

impl CheckedFilter {
    /// Parses a filter in the policy's syntax and checks it. `source` locates it in the request.
    pub(super) fn parse(
        filter: &str,
        policy: &Policy<User>,
        source: Source,
    ) -> Result<Self, Problem> {
        Filter::parse_with(filter, policy.syntax(), policy.limits())
            .and_then(|filter| Self::check(filter, policy))
            .map_err(|diagnostics| bad_filter(&diagnostics, source))
    }

    fn check(filter: Filter, policy: &Policy<User>) -> Result<Self, Diagnostics> {
        let plan = policy.check(&filter)?;
        Ok(Self { filter, plan })
    }
}

fn unknown_status(status: &str) -> String {
    let names = Status::ALL.map(|status| format!("`{}`", status.name())).join(", ");
    format!("unknown status {}: expected one of {names}", quoted(status))
}

/// Converts each error of a filter to an error object with its code and span.
fn bad_filter(diagnostics: &Diagnostics, source: Source) -> Problem {
    let errors = diagnostics.iter().filter(|diagnostic| diagnostic.severity() == Severity::Error);
    let mut errors: Vec<ErrorObject> = errors
        .map(|diagnostic| {
            let detail = match diagnostic.help() {
                Some(help) => format!("{diagnostic}; {help}"),
                None => diagnostic.to_string(),
            };
            let span = diagnostic.span();
            ErrorObject::new(detail).meta(json!({
                "filterCode": diagnostic.code().name(),
                "start": span.start,
                "end": span.end,
            }))
        })
        .collect();
    if errors.is_empty() {
        errors.push(ErrorObject::new(diagnostics.to_string()));
    }
    Problem::with_errors(ProblemKind::BadFilter, errors).at(source)
}

/// Builds the filter that is equivalent to the deprecated parameters.
fn deprecated_filter(
    parameters: &Parameters,
    policy: &Policy<User>,
) -> Result<Option<CheckedFilter>, Problem> {
    let equal = |name: &'static str, path: &str| {
        parameters.given(name).map(|value| (name, attr(path).eq(value)))
    };
    let status =
        parameters.given("status").map(statuses).transpose()?.map(|builder| ("status", builder));
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
    check(all).map(Some).map_err(|diagnostics| {
        // Check each parameter alone only now, to name the one that is invalid. The diagnostics are
        // about a filter that the caller has not written.
        let invalid = given().find(|(_, builder)| check(builder.clone()).is_err());
        match invalid {
            Some(("role", _)) => Problem::parameter("role", "only administrators can use `role`"),
            Some((name, _)) => Problem::parameter(name, format!("`{name}` is too long")),
            None => Problem::bad_request(diagnostics.to_string()),
        }
    })
}

/// Parses a comma-separated list of statuses, such as `active,disabled`, any of which matches.
fn statuses(value: &str) -> Result<Builder, Problem> {
    let mut any: Option<Builder> = None;
    let mut seen = Vec::new();
    for name in value.split(',').map(str::trim) {
        if name.is_empty() {
            let detail =
                format!("expected a status before and after each comma of {}", quoted(value));
            return Err(Problem::parameter("status", detail));
        }
        let found = Status::ALL.into_iter().find(|status| status.name() == fold_key(name));
        let Some(status) = found else {
            return Err(Problem::parameter("status", unknown_status(name)));
        };
        if seen.contains(&status) {
            continue;
        }
        seen.push(status);
        let equal = attr("status").eq(status.name());
        any = Some(match any {
            Some(others) => others.or(equal),
            None => equal,
        });
    }
    any.ok_or_else(|| Problem::parameter("status", "expected a status"))
}

fn deprecated_sort(parameters: &Parameters) -> Result<Option<Sort>, Problem> {
    let invalid = |name: &str, expected: &str, value: &str| {
        Problem::parameter(name, format!("expected {expected}, got {}", quoted(value)))
    };
    let by = parameters.given("sortBy").map(|key| match key {
        key if key.eq_ignore_ascii_case("name") => Ok(SortKey::Name),
        _ => Err(invalid("sortBy", "`name`", key)),
    });
    let order = parameters.given("sortOrder").map(|order| match order {
        order if order.eq_ignore_ascii_case("asc") => Ok(false),
        order if order.eq_ignore_ascii_case("desc") => Ok(true),
        _ => Err(invalid("sortOrder", "`asc` or `desc`", order)),
    });
    match (by.transpose()?, order.transpose()?) {
        (None, None) => Ok(None),
        (key, descending) => Ok(Some(Sort {
            key: key.unwrap_or_default(),
            descending: descending.unwrap_or_default(),
        })),
    }
}

/// Parses a whole number such as `20`, or `20.0` as sent by clients with floating-point numbers.
fn limit(value: &str) -> Result<usize, Problem> {
    let (whole, fraction) =
        value.split_once('.').map_or((value, None), |(whole, fraction)| (whole, Some(fraction)));
    let digits = !whole.is_empty() && whole.bytes().all(|byte| byte.is_ascii_digit());
    let zeros = fraction
        .is_none_or(|fraction| !fraction.is_empty() && fraction.bytes().all(|byte| byte == b'0'));
    match whole.parse() {
        Ok(limit @ 1..=MAX_LIMIT) if digits && zeros => Ok(limit),
        _ => Err(Problem::parameter(
            "limit",
            format!("expected a whole number from 1 to {MAX_LIMIT}, got {}", quoted(value)),
        )),
    }
}

/// Parses `true` or `false`, case-insensitively since Python clients send `True`.
fn boolean(name: &str, value: &str) -> Result<bool, Problem> {
    match value {
        value if value.eq_ignore_ascii_case("true") => Ok(true),
        value if value.eq_ignore_ascii_case("false") => Ok(false),
        _ => Err(Problem::parameter(
            name,
            format!("expected `true` or `false`, got {}", quoted(value)),
        )),
    }
}

/// Parses a sort key with an optional `+` or `-` before it. A space counts as `+`, since clients
/// send the plus unencoded.
fn sort(value: &str, keys: &[SortKey]) -> Result<Sort, Problem> {
    let (name, descending) = match value.strip_prefix('-') {
        Some(name) => (name, true),
        None => (value.strip_prefix(['+', ' ']).unwrap_or(value), false),
    };
    let found = keys.iter().find(|key| {
        key.name().eq_ignore_ascii_case(name)
            || (**key == SortKey::Id && name.eq_ignore_ascii_case("_id"))
    });
    found.map(|key| Sort { key: *key, descending }).ok_or_else(|| {
        let names: Vec<_> = keys.iter().map(|key| format!("`{}`", key.name())).collect();
        Problem::parameter(
            "sort",
            format!(
                "expected {} with `+` or `-` or nothing before it, got {}",
                names.join(", "),
                quoted(value)
            ),
        )
    })
}
