//! Query strings, and the parameters of the list and the filter action.

use super::problem::{ErrorObject, Problem, ProblemKind, Source};
use percent_encoding::percent_decode_str;
use scieve::{Builder, Diagnostics, Filter, Plan, Policy, Severity, attr};
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

/// The members of each user to return.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fields {
    All,
    Named(HashSet<String>),
}

impl Fields {
    pub(super) fn parse(parameters: &Parameters) -> Self {
        let names = parameters.get("fields").unwrap_or_default();
        let names: HashSet<_> = names
            .split(',')
            .map(str::trim)
            .filter(|name| !name.is_empty())
            .map(str::to_owned)
            .collect();
        if names.is_empty() { Self::All } else { Self::Named(names) }
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
        Self::common(parameters, &[SortKey::Name])
    }

    /// Parses the parameters of the list, including the deprecated ones.
    pub(super) fn of_list(parameters: &Parameters, policy: &Policy<User>) -> Result<Self, Problem> {
        let mut list = Self::common(parameters, &SortKey::ALL)?;
        let paged = list.cursor.is_some();
        let given =
            |name: &str| parameters.get(name).filter(|_| !(paged && BOUNDS.contains(&name)));
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
        parameters.get(name).map(|value| (name, attr(path).eq(value)))
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
    check(all).map(Some).map_err(|diagnostics| {
        // Check each parameter alone only now, to name the one that is invalid.
        let invalid = given().find_map(|(name, builder)| Some((name, check(builder).err()?)));
        match invalid {
            Some((name, diagnostics)) => bad_filter(&diagnostics, Source::Parameter(name.into())),
            None => Problem::bad_request(diagnostics.to_string()),
        }
    })
}

/// Parses a comma-separated list of statuses, such as `active,disabled`, any of which matches.
fn statuses(value: &str) -> Result<Builder, Problem> {
    let mut any: Option<Builder> = None;
    let mut seen = Vec::new();
    for name in value.split(',').map(str::trim) {
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
        let equal = attr("status").eq(status.name());
        any = Some(match any {
            Some(others) => others.or(equal),
            None => equal,
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
            format!("expected a whole number from 1 to {MAX_LIMIT}"),
        )),
    }
}

/// Parses `true` or `false`, case-insensitively since Python clients send `True`.
fn boolean(name: &str, value: &str) -> Result<bool, Problem> {
    match value {
        value if value.eq_ignore_ascii_case("true") => Ok(true),
        value if value.eq_ignore_ascii_case("false") => Ok(false),
        _ => Err(Problem::parameter(name, "expected `true` or `false`")),
    }
}

/// Parses a sort key with an optional `+` or `-` before it. A space counts as `+`, since clients
/// send the plus unencoded.
fn sort(value: &str, keys: &[SortKey]) -> Result<Sort, Problem> {
    let (name, descending) = match value.strip_prefix('-') {
        Some(name) => (name, true),
        None => (value.strip_prefix(['+', ' ']).unwrap_or(value), false),
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
