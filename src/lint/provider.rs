//! The filters that other products accept or send, as data.

use crate::diagnostic::{Code, Diagnostic, Diagnostics, quoted};
use crate::filter::{Expr, ExprKind, Filter, Path};
use crate::operator::{Operator, Operators};
use crate::span::Span;
use std::fmt;

/// A product or specification that supports only a part of the filter language.
///
/// ```
/// use scieve::{Code, Filter, Provider};
///
/// let okta = Provider::from_name("okta").unwrap();
/// let filter = Filter::parse(r#"status ne "STAGED""#)?;
/// let warnings = okta.check(&filter);
/// assert_eq!(warnings.first().map(|first| first.code()), Some(Code::UnsupportedByProvider));
/// # Ok::<(), scieve::Diagnostics>(())
/// ```
#[derive(Clone, Copy)]
pub struct Provider(&'static Profile);

/// What a provider supports.
struct Profile {
    name: &'static str,
    title: &'static str,
    /// The documentation that the other fields are taken from.
    source: &'static str,
    operators: Operators,
    and: bool,
    or: bool,
    not: bool,
    value_paths: bool,
    /// The attributes in filters; empty if there is no such restriction.
    attributes: &'static [&'static str],
    max_clauses: Option<usize>,
    /// Maximum number of clauses, connectives and negations.
    max_nodes: Option<usize>,
}

impl Profile {
    const EVERYTHING: Self = Self {
        name: "",
        title: "",
        source: "",
        operators: Operators::of(&Operator::ALL),
        and: true,
        or: true,
        not: true,
        value_paths: true,
        attributes: &[],
        max_clauses: None,
        max_nodes: None,
    };

    /// One clause with `eq`.
    const ONE_EQUALITY: Self = Self {
        operators: Operators::of(&[Operator::Eq]),
        and: false,
        or: false,
        not: false,
        value_paths: false,
        max_clauses: Some(1),
        ..Self::EVERYTHING
    };
}

const PROFILES: &[Profile] = &[
    Profile {
        name: "interop",
        title: "the SCIM 2.0 Interoperability Profile",
        source: "draft-zollner-scim-interop-profile-01, section 6.3",
        and: true,
        max_clauses: None,
        ..Profile::ONE_EQUALITY
    },
    Profile {
        name: "okta",
        title: "Okta",
        source: "https://developer.okta.com/docs/reference/user-query",
        operators: {
            use Operator::{Co, Eq, Ew, Ge, Gt, Le, Lt, Pr, Sw};
            Operators::of(&[Eq, Co, Sw, Ew, Gt, Ge, Lt, Le, Pr])
        },
        ..Profile::EVERYTHING
    },
    Profile {
        name: "entra",
        title: "Microsoft Entra ID",
        source: "https://learn.microsoft.com/entra/identity/app-provisioning/use-scim-to-provision-users-and-groups",
        and: true,
        value_paths: true,
        max_clauses: None,
        ..Profile::ONE_EQUALITY
    },
    Profile {
        name: "aws",
        title: "AWS IAM Identity Center",
        source: "https://docs.aws.amazon.com/singlesignon/latest/developerguide/listusers.html",
        and: true,
        attributes: &[
            "id",
            "userName",
            "displayName",
            "externalId",
            "manager",
            "members",
            "members.value",
            "groups.value",
        ],
        max_clauses: Some(2),
        ..Profile::ONE_EQUALITY
    },
    Profile {
        name: "databricks",
        title: "Databricks",
        source: "https://learn.microsoft.com/azure/databricks/reference/scim-2-1 and https://docs.databricks.com/dev-tools/api/latest/scim/",
        operators: Operators::of(&[Operator::Eq, Operator::Ne, Operator::Co, Operator::Sw]),
        not: false,
        max_nodes: Some(200),
        ..Profile::EVERYTHING
    },
    Profile {
        name: "github",
        title: "GitHub",
        source: "https://docs.github.com/en/rest/enterprise-admin/scim",
        attributes: &["userName", "externalId", "id", "displayName"],
        ..Profile::ONE_EQUALITY
    },
    Profile {
        name: "gitlab",
        title: "GitLab",
        source: "https://docs.gitlab.com/development/internal_api/#scim-api",
        ..Profile::ONE_EQUALITY
    },
    Profile {
        name: "atlassian",
        title: "Atlassian",
        source: "https://developer.atlassian.com/cloud/admin/user-provisioning/rest/",
        attributes: &["userName", "externalId"],
        ..Profile::ONE_EQUALITY
    },
    Profile {
        name: "pingone",
        title: "PingOne",
        source: "https://docs.pingidentity.com/pingone/directory/p1_scim_filter_language.html",
        operators: Operators::of(&[Operator::Eq, Operator::Sw, Operator::Ew, Operator::Co]),
        not: false,
        ..Profile::EVERYTHING
    },
];

impl Provider {
    /// Returns every provider.
    pub fn all() -> impl Iterator<Item = Self> {
        PROFILES.iter().map(Self)
    }

    /// Returns the provider with this name, such as `okta`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::all().find(|provider| provider.name() == name)
    }

    /// Returns the name for [`from_name`](Self::from_name).
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.0.name
    }

    /// Returns the documentation of the provider on which the profile is based.
    #[must_use]
    pub const fn source(self) -> &'static str {
        self.0.source
    }

    /// Returns a warning for each part of a filter that the provider does not support.
    #[must_use]
    pub fn check(self, filter: &Filter) -> Diagnostics {
        let mut found = Findings { profile: self.0, list: Vec::new() };
        let (mut clauses, mut nodes) = (Vec::new(), 0_usize);
        let mut pending: Vec<(Expr<'_>, Option<Path<'_>>)> = vec![(filter.root(), None)];
        while let Some((expr, parent)) = pending.pop() {
            nodes += 1;
            match expr.kind() {
                ExprKind::And(operands) => {
                    found.unless(self.0.and, expr.span(), "`and`");
                    nodes += operands.count().saturating_sub(2);
                    pending.extend(operands.map(|operand| (operand, parent)));
                }
                ExprKind::Or(operands) => {
                    found.unless(self.0.or, expr.span(), "`or`");
                    nodes += operands.count().saturating_sub(2);
                    pending.extend(operands.map(|operand| (operand, parent)));
                }
                ExprKind::Not(child) => {
                    found.unless(self.0.not, expr.span(), "`not`");
                    pending.push((child, parent));
                }
                ExprKind::ValuePath(path, child) => {
                    found.unless(self.0.value_paths, expr.span(), "filtering with `[ ]`");
                    pending.push((child, Some(path)));
                }
                ExprKind::Clause(clause) => {
                    clauses.push(expr.span());
                    let operator = clause.operator();
                    let is_known = self.0.operators.contains(operator);
                    found.unless(is_known, clause.operator_span(), &format!("`{operator}`"));
                    let path = clause.path();
                    let is_listed = |listed: &&str| path.without_urn().eq_ignore_ascii_case(listed);
                    let is_known = self.0.attributes.is_empty()
                        || parent.is_some()
                        || self.0.attributes.iter().any(is_listed);
                    let what = format!("filtering by {}", quoted(path.as_str()));
                    found.unless(is_known, path.span(), &what);
                }
            }
        }
        clauses.sort_unstable();
        if let Some((max, span)) =
            self.0.max_clauses.and_then(|max| Some((max, clauses.get(max).copied()?)))
        {
            let predicate = match max {
                1 => "supports one comparison".to_owned(),
                max => format!("supports at most {max} comparisons"),
            };
            found.report(span, predicate);
        }
        if let Some(max) = self.0.max_nodes.filter(|max| nodes > *max) {
            found.report(
                filter.root().span(),
                format!("limits filters to {max} nodes: this one has {nodes}"),
            );
        }
        found.list.sort_by_key(Diagnostic::span);
        Diagnostics::new(filter.source_text(), found.list)
    }
}

struct Findings {
    profile: &'static Profile,
    list: Vec<Diagnostic>,
}

impl Findings {
    fn unless(&mut self, is_supported: bool, span: Span, what: &str) {
        if !is_supported {
            self.report(span, format!("does not support {what}"));
        }
    }

    fn report(&mut self, span: Span, predicate: String) {
        let message = format!("{} {predicate}", self.profile.title);
        let help = format!("see {}", self.profile.source);
        self.list.push(Diagnostic::new(Code::UnsupportedByProvider, span, message).with_help(help));
    }
}

impl PartialEq for Provider {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl Eq for Provider {}

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Provider").field(&self.name()).finish()
    }
}
