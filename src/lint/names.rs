//! Finds the attribute that an unknown name means.

use super::knowledge;
use crate::diagnostic::Safety;
use crate::policy::Policy;
use crate::schema::Attribute;
use crate::suggest;
use crate::value::AttributeType;

/// The correction of a name.
pub(super) struct Suggestion {
    pub(super) target: Target,
    pub(super) safety: Safety,
}

pub(super) enum Target {
    /// Another path.
    Path(String),
    /// The elements of a complex attribute whose `type` is the second string.
    ElementsOfType(String, String),
}

/// Returns the attribute that a path means, at the top level.
pub(super) fn suggest<R: ?Sized>(policy: &Policy<R>, path: &str) -> Option<Suggestion> {
    let names = Names { policy };
    let safe = |path: String| Suggestion { target: Target::Path(path), safety: Safety::Safe };
    let guess = |path: String| Suggestion { target: Target::Path(path), safety: Safety::Unsafe };
    if path.contains(':') {
        return names.with_urn(path);
    }
    if let Some(path) = names.only(|known| known.path().eq_ignore_ascii_case(path)) {
        return Some(safe(path));
    }
    if let Some(path) =
        names.only(|known| known.sub_attribute().is_some_and(|sub| sub.eq_ignore_ascii_case(path)))
    {
        return Some(safe(path));
    }
    let plain = knowledge::plain(path);
    if let Some(path) = names.only(|known| knowledge::plain(known.path()) == plain) {
        return Some(safe(path));
    }
    if let Some(path) =
        names.only(|known| known.sub_attribute().is_some_and(|sub| knowledge::plain(sub) == plain))
    {
        return Some(safe(path));
    }
    names.synonym(path).or_else(|| names.dotted(path)).or_else(|| names.nearest(path).map(guess))
}

/// Returns the sub-attribute of `parent` that a name means.
pub(super) fn suggest_sub<R: ?Sized>(
    policy: &Policy<R>,
    parent: &Attribute,
    name: &str,
) -> Option<Suggestion> {
    let names = Names { policy };
    let sub = names.sub_attribute(parent, name)?;
    let is_same = knowledge::plain(&sub) == knowledge::plain(name);
    let safety = if is_same { Safety::Safe } else { Safety::Unsafe };
    Some(Suggestion { target: Target::Path(sub), safety })
}

struct Names<'p, R: ?Sized> {
    policy: &'p Policy<R>,
}

impl<R: ?Sized> Names<'_, R> {
    /// Returns the attributes that filters can use.
    fn known(&self) -> impl Iterator<Item = &Attribute> {
        self.policy.schema().attributes().filter(|known| {
            let rule = |id| self.policy.rule(id);
            let hidden = |id| rule(id).is_none_or(|rule| rule.hidden);
            let is_hidden = hidden(known.id()) || known.parent().is_some_and(hidden);
            !is_hidden && rule(known.id()).is_some_and(|rule| !rule.operators.is_empty())
        })
    }

    /// Returns the path of the only attribute with a property.
    fn only(&self, has: impl Fn(&Attribute) -> bool) -> Option<String> {
        let mut found = self.known().filter(|known| has(known));
        let first = found.next()?;
        found.next().is_none().then(|| first.to_string())
    }

    fn find(&self, path: &str) -> Option<&Attribute> {
        self.known().find(|known| known.path().eq_ignore_ascii_case(path))
    }

    fn synonym(&self, name: &str) -> Option<Suggestion> {
        knowledge::synonyms(name).find_map(|target| {
            let target = match target.strip_suffix(']').and_then(|rest| rest.split_once('[')) {
                Some((complex, element_type)) => {
                    self.find(&format!("{complex}.type"))?;
                    let complex = self.find(complex)?;
                    Target::ElementsOfType(complex.to_string(), element_type.to_owned())
                }
                None => Target::Path(self.find(target)?.to_string()),
            };
            Some(Suggestion { target, safety: Safety::Unsafe })
        })
    }

    /// Resolves a name with a dot whose parts are known or synonyms.
    fn dotted(&self, path: &str) -> Option<Suggestion> {
        let (first, rest) = path.split_once('.')?;
        let guess = |target| Some(Suggestion { target, safety: Safety::Unsafe });
        let complex = self.find(first).or_else(|| {
            let nearest = knowledge::synonyms(first)
                .filter_map(|target| target.split(['.', '[']).next())
                .find_map(|target| self.find(target));
            nearest.or_else(|| {
                let names = self.known().filter(|known| known.sub_attribute().is_none());
                let names: Vec<&str> = names.map(Attribute::path).collect();
                suggest::nearest(first, names.into_iter()).and_then(|name| self.find(name))
            })
        });
        if let Some(complex) = complex.filter(|one| one.attribute_type() == AttributeType::Complex)
        {
            let has_type = self.find(&format!("{}.type", complex.path())).is_some()
                && self.find(&format!("{}.value", complex.path())).is_some();
            if let Some(name) = suggest::element_type(rest).filter(|_| has_type) {
                return guess(Target::ElementsOfType(complex.to_string(), name.to_owned()));
            }
            if let Some(sub) = self.sub_attribute(complex, rest) {
                return guess(Target::Path(format!("{complex}.{sub}")));
            }
        }
        if knowledge::is_wrapper(first) {
            let Suggestion { target, .. } =
                match self.only(|known| known.path().eq_ignore_ascii_case(rest)) {
                    Some(path) => return guess(Target::Path(path)),
                    None => suggest(self.policy, rest)?,
                };
            return guess(target);
        }
        None
    }

    /// Returns the sub-attribute that a name means.
    fn sub_attribute(&self, parent: &Attribute, name: &str) -> Option<String> {
        let subs: Vec<&str> = self
            .policy
            .schema()
            .attributes()
            .filter(|known| known.parent() == Some(parent.id()))
            .filter_map(Attribute::sub_attribute)
            .collect();
        let plain = knowledge::plain(name);
        let same = subs.iter().copied().find(|sub| knowledge::plain(sub) == plain);
        let synonym = || knowledge::sub_synonyms(name).find(|target| subs.contains(target));
        same.or_else(synonym)
            .or_else(|| suggest::nearest(name, subs.iter().copied()))
            .map(Into::into)
    }

    fn nearest(&self, name: &str) -> Option<String> {
        let names: Vec<String> = self.known().map(ToString::to_string).collect();
        suggest::nearest(name, names.iter().map(String::as_str)).map(str::to_owned)
    }

    /// Resolves a path with a URN that is not known, or whose attribute is not.
    fn with_urn(&self, path: &str) -> Option<Suggestion> {
        let schema = self.policy.schema();
        // `urn:...:User.department`, `urn:...:User.manager.value`
        for urn in schema.urns() {
            let Some(rest) = path.get(urn.len()..).filter(|_| {
                path.get(..urn.len()).is_some_and(|start| start.eq_ignore_ascii_case(urn))
            }) else {
                continue;
            };
            if let Some(name) = rest.strip_prefix(['.', '/', '#'])
                && let Some(found) = schema.find_path(&format!("{urn}:{name}"))
            {
                return Some(Suggestion {
                    target: Target::Path(format!("{urn}:{}", found.path())),
                    safety: Safety::Safe,
                });
            }
            // The URN is known, the name is not.
            if let Some(name) = rest.strip_prefix(':') {
                let extension = schema.extension(Some(urn));
                let names = self.known().filter(|known| match (known.urn(), extension) {
                    (Some(one), Some(other)) => one.eq_ignore_ascii_case(other),
                    (None, None) => true,
                    _ => false,
                });
                let names: Vec<&str> = names.map(Attribute::path).collect();
                let plain = knowledge::plain(name);
                let found = names
                    .iter()
                    .copied()
                    .find(|known| knowledge::plain(known) == plain)
                    .or_else(|| knowledge::synonyms(name).find(|target| names.contains(target)))
                    .or_else(|| suggest::nearest(name, names.iter().copied()));
                if let Some(found) = found {
                    let is_same = knowledge::plain(found) == plain;
                    return Some(Suggestion {
                        target: Target::Path(format!("{urn}:{found}")),
                        safety: if is_same { Safety::Safe } else { Safety::Unsafe },
                    });
                }
                // An attribute of another schema.
                if let Some(found) = self.only(|known| known.path().eq_ignore_ascii_case(name)) {
                    return Some(Suggestion {
                        target: Target::Path(found),
                        safety: Safety::Unsafe,
                    });
                }
                return None;
            }
        }
        // A misspelt URN, one of another version, or one of SCIM 1.1.
        let colon = path.rfind(':')?;
        let (written, name) = (path.get(..colon)?, path.get(colon + 1..)?);
        let urns: Vec<&str> = schema.urns().collect();
        let found = |urn: &&&str| schema.find_path(&format!("{urn}:{name}")).is_some();
        let with_name: Vec<&str> = urns.iter().filter(found).copied().collect();
        let urn = suggest::nearest(written, with_name.iter().copied()).or(match with_name[..] {
            [only] => Some(only),
            _ => None,
        })?;
        Some(Suggestion { target: Target::Path(format!("{urn}:{name}")), safety: Safety::Unsafe })
    }
}
