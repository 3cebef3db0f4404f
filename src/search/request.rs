//! The parameters of a search.

use serde::Deserialize;
use serde_json::Value;
use std::fmt;

/// The parameters of a search request (RFC 7644 sections 3.4.2 and 3.9, RFC 9865).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SearchRequest {
    /// The filter, as written.
    pub filter: Option<String>,
    /// The path of the attribute to sort by.
    pub sort_by: Option<String>,
    /// The order.
    pub sort_order: SortOrder,
    /// The position of the first result, counted from 1. A value below 1 counts as 1.
    pub start_index: usize,
    /// The maximum number of results. A negative value counts as 0.
    pub count: Option<usize>,
    /// The cursor of a page (RFC 9865). An empty one starts a search with cursors.
    pub cursor: Option<String>,
    /// The paths of the attributes to return.
    pub attributes: Vec<String>,
    /// The paths of the attributes not to return.
    pub excluded_attributes: Vec<String>,
}

/// The order of search results.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum SortOrder {
    /// `ascending`
    #[default]
    Ascending,
    /// `descending`
    Descending,
}

/// An error in the parameters of a search, with the name of the parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchError {
    parameter: &'static str,
    message: String,
}

impl SearchError {
    fn new(parameter: &'static str, message: impl Into<String>) -> Self {
        Self { parameter, message: message.into() }
    }

    /// Returns the name of the parameter.
    #[must_use]
    pub fn parameter(&self) -> &'static str {
        self.parameter
    }
}

impl fmt::Display for SearchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "parameter `{}`: {}", self.parameter, self.message)
    }
}

impl std::error::Error for SearchError {}

impl Default for SearchRequest {
    fn default() -> Self {
        Self {
            filter: None,
            sort_by: None,
            sort_order: SortOrder::Ascending,
            start_index: 1,
            count: None,
            cursor: None,
            attributes: Vec::new(),
            excluded_attributes: Vec::new(),
        }
    }
}

/// The JSON form (RFC 7644 section 3.4.3). Other members are ignored, such as `schemas`.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Message {
    filter: Option<String>,
    sort_by: Option<String>,
    sort_order: Option<String>,
    start_index: Option<i64>,
    count: Option<i64>,
    cursor: Option<String>,
    attributes: Vec<String>,
    excluded_attributes: Vec<String>,
}

impl SearchRequest {
    /// Parses the query string of a GET request, without the question mark.
    ///
    /// Other parameters are ignored.
    ///
    /// # Errors
    /// Returns an error for a parameter that occurs twice, a number that is not an integer, another
    /// `sortOrder` than `ascending` and `descending`, and `attributes` together with
    /// `excludedAttributes`.
    pub fn from_query(query: &str) -> Result<Self, SearchError> {
        let mut message = Message::default();
        let mut seen: Vec<&'static str> = Vec::new();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            const NAMES: [&str; 8] = [
                "filter",
                "sortBy",
                "sortOrder",
                "startIndex",
                "count",
                "cursor",
                "attributes",
                "excludedAttributes",
            ];
            let Some(name) = NAMES.into_iter().find(|known| name == *known) else { continue };
            if seen.contains(&name) {
                return Err(SearchError::new(name, "given twice"));
            }
            seen.push(name);
            let text = || Some(value.clone().into_owned());
            let list = || value.split(',').map(|path| path.trim().to_owned()).collect();
            let number = || {
                let parsed = value.parse::<i64>();
                parsed.map(Some).map_err(|_| SearchError::new(name, "not an integer"))
            };
            match name {
                "filter" => message.filter = text(),
                "sortBy" => message.sort_by = text(),
                "sortOrder" => message.sort_order = text(),
                "startIndex" => message.start_index = number()?,
                "count" => message.count = number()?,
                "cursor" => message.cursor = text(),
                "attributes" => message.attributes = list(),
                _ => message.excluded_attributes = list(),
            }
        }
        Self::from_message(message)
    }

    /// Reads the message of a POST request to `/.search` (RFC 7644 section 3.4.3).
    ///
    /// # Errors
    /// Returns an error for a member of another type, and the errors of
    /// [`SearchRequest::from_query`].
    pub fn from_json(body: Value) -> Result<Self, SearchError> {
        let message = serde_json::from_value(body)
            .map_err(|error| SearchError::new("SearchRequest", error.to_string()))?;
        Self::from_message(message)
    }

    fn from_message(message: Message) -> Result<Self, SearchError> {
        if !message.attributes.is_empty() && !message.excluded_attributes.is_empty() {
            let error = "cannot be combined with `attributes`";
            return Err(SearchError::new("excludedAttributes", error));
        }
        let sort_order = match message.sort_order.as_deref().map(str::to_ascii_lowercase) {
            None => SortOrder::Ascending,
            Some(order) if order == "ascending" => SortOrder::Ascending,
            Some(order) if order == "descending" => SortOrder::Descending,
            Some(_) => {
                return Err(SearchError::new("sortOrder", "expected `ascending` or `descending`"));
            }
        };
        // Numbers below the range count as its start (RFC 7644 section 3.4.2.4).
        let at_least =
            |number: i64, minimum: i64| usize::try_from(number.max(minimum)).unwrap_or(usize::MAX);
        Ok(Self {
            filter: message.filter,
            sort_by: message.sort_by,
            sort_order,
            start_index: message.start_index.map_or(1, |number| at_least(number, 1)),
            count: message.count.map(|number| at_least(number, 0)),
            cursor: message.cursor,
            attributes: message.attributes,
            excluded_attributes: message.excluded_attributes,
        })
    }

    /// Returns the results of the page, with the limit of the server on their number.
    #[must_use]
    pub fn page<'r, T>(&self, results: &'r [T], max: usize) -> &'r [T] {
        let rest = results.get(self.start_index.saturating_sub(1)..).unwrap_or_default();
        let count = self.count.unwrap_or(max).min(max).min(rest.len());
        rest.get(..count).unwrap_or_default()
    }
}
