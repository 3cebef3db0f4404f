//! The stable codes of diagnostics, with their severity and group.

use std::fmt;

/// The effect of a diagnostic on the filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The filter is accepted, and means what it says.
    Advice,
    /// The filter is accepted.
    Warning,
    /// The filter is rejected.
    Error,
}

impl Severity {
    /// Returns `advice`, `warning` or `error`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Advice => "advice",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

macro_rules! codes {
    ($($(#[doc = $doc:literal])* $variant:ident = $severity:ident $name:literal,)*) => {
        /// The kind of problem that a diagnostic reports.
        ///
        /// The names are part of the public interface and do not change.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Code {
            $($(#[doc = $doc])* $variant,)*
            /// A rule of the application ([`Diagnostic::custom`](super::Diagnostic::custom)), with
            /// the name of its code.
            Custom(&'static str),
        }

        impl Code {
            /// Every code but `Custom`, in the order of `grammar.md`.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Returns the name, such as `unknown-attribute`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* Self::Custom(name) => name }
            }

            /// Returns a description of one sentence.
            #[must_use]
            pub fn description(self) -> &'static str {
                match self {
                    $(Self::$variant => concat!($($doc),*).trim(),)*
                    Self::Custom(_) => "A rule of the application.",
                }
            }

            /// Returns the severity of a diagnostic with this code, unless the policy or the
            /// application sets another.
            #[must_use]
            pub const fn severity(self) -> Severity {
                match self {
                    $(Self::$variant => Severity::$severity,)*
                    Self::Custom(_) => Severity::Error,
                }
            }
        }
    };
}

codes! {
    /// The source is not UTF-8.
    NotUtf8 = Error "not-utf8",
    /// The filter is empty or contains only whitespace.
    EmptyFilter = Error "empty-filter",
    /// An attribute, `(` or `not (` was expected.
    ExpectedAttribute = Error "expected-attribute",
    /// An attribute path is not well-formed.
    BadAttributePath = Error "bad-attribute-path",
    /// An operator was expected.
    ExpectedOperator = Error "expected-operator",
    /// The word after an attribute is not an operator.
    UnknownOperator = Error "unknown-operator",
    /// A comparison value was expected.
    ExpectedValue = Error "expected-value",
    /// The comparison value is not a JSON string, number, `true`, `false` or `null`.
    BadValue = Error "bad-value",
    /// A string has no closing quote.
    UnterminatedString = Error "unterminated-string",
    /// A string contains an escape sequence that JSON does not define.
    BadEscape = Error "bad-escape",
    /// A string contains an unescaped control character.
    ControlCharacter = Error "control-character",
    /// A string contains an unpaired surrogate (`\ud800` to `\udfff`).
    LoneSurrogate = Error "lone-surrogate",
    /// A string contains U+0000, which databases reject.
    NulCharacter = Error "nul-character",
    /// `null` was compared with an operator other than `eq` or `ne`.
    NullOperator = Error "null-operator",
    /// Whitespace is missing between two words.
    MissingBlank = Error "missing-blank",
    /// A `(` or `[` is not closed.
    Unclosed = Error "unclosed",
    /// A `(` is closed by `]`, or a `[` by `)`.
    WrongBracket = Error "wrong-bracket",
    /// `and` or `or` has nothing on one side.
    ExtraConnective = Error "extra-connective",
    /// Two clauses are not joined by `and` or `or`.
    MissingConnective = Error "missing-connective",
    /// A value has no attribute and no operator.
    EllipticOperand = Error "elliptic-operand",
    /// The value is before the attribute.
    ReversedOperands = Error "reversed-operands",
    /// A connective or negation of another language, such as `&&`.
    ForeignConnective = Error "foreign-connective",
    /// A clause that SCIM does not have, such as `in (...)`.
    ForeignClause = Error "foreign-clause",
    /// A function or method call.
    FunctionCall = Error "function-call",
    /// A filter of another language.
    ForeignLanguage = Error "foreign-language",
    /// The name of the query parameter precedes the filter.
    PastedParameter = Error "pasted-parameter",
    /// The filter is percent-encoded.
    UrlEncoded = Error "url-encoded",
    /// The filter or a string has the quotes or escapes of another language.
    EscapedText = Error "escaped-text",
    /// A string has typographic quotes.
    TypographicQuotes = Error "typographic-quotes",
    /// A space character that is not whitespace in filters, such as U+00A0.
    StrangeBlank = Error "strange-blank",
    /// An invisible character outside strings.
    InvisibleCharacter = Error "invisible-character",
    /// A letter that looks like another one, such as a Cyrillic letter in a name.
    LookAlike = Error "look-alike",
    /// A semicolon or a comment at the end.
    TrailingMark = Error "trailing-mark",
    /// A complete filter is followed by something else.
    UnexpectedText = Error "unexpected-text",
    /// `not` is not followed by `(`.
    NotWithoutGroup = Error "not-without-group",
    /// A value path contains another value path.
    NestedValuePath = Error "nested-value-path",
    /// `]` is followed by a sub-attribute or an operator.
    TextAfterBrackets = Error "text-after-brackets",
    /// A value path contains a dotted attribute name.
    DottedNameInBrackets = Error "dotted-name-in-brackets",
    /// The filter exceeds the limit on its length in bytes.
    TooLong = Error "too-long",
    /// The filter exceeds the limit on nesting.
    TooDeep = Error "too-deep",
    /// The filter exceeds the limit on clauses.
    TooManyClauses = Error "too-many-clauses",
    /// The filter exceeds the limit on levels at which `and` and `or` alternate.
    TooManyConnectiveLevels = Error "too-many-connective-levels",
    /// The schema has no such attribute.
    UnknownAttribute = Error "unknown-attribute",
    /// The policy does not allow the operator on the attribute.
    OperatorNotAllowed = Error "operator-not-allowed",
    /// The policy does not allow `not`.
    NotNotAllowed = Error "not-not-allowed",
    /// The policy does not allow value paths.
    ValuePathNotAllowed = Error "value-path-not-allowed",
    /// The policy does not allow schema URN prefixes.
    UrnNotAllowed = Error "urn-not-allowed",
    /// The policy does not allow `null`.
    NullNotAllowed = Error "null-not-allowed",
    /// The JSON type of the comparison value does not fit the attribute's type.
    WrongType = Error "wrong-type",
    /// The operator does not apply to the attribute's type.
    OperatorForType = Error "operator-for-type",
    /// The comparison value is not a valid date and time.
    BadDateTime = Error "bad-date-time",
    /// The comparison value is not valid base64.
    BadBinary = Error "bad-binary",
    /// The number is outside the range of the attribute's type.
    NumberTooLarge = Error "number-too-large",
    /// A complex attribute was compared without naming a sub-attribute.
    ComplexAttribute = Error "complex-attribute",
    /// A value path was applied to an attribute without sub-attributes.
    SimpleAttribute = Error "simple-attribute",
    /// Clauses that a group rule separates from all others are mixed with others.
    GroupMixed = Error "group-mixed",
    /// Clauses that a group rule keeps together are in different groups.
    GroupSplit = Error "group-split",
    /// The filter compares an attribute more often than the policy allows.
    TooManyComparisons = Error "too-many-comparisons",
    /// The filter can match records outside the scope of the caller.
    OutsideScope = Error "outside-scope",
    /// A rewrite drops a condition inside an `or` or a `not`.
    CannotDrop = Error "cannot-drop",
    /// A PATCH request has another structure than RFC 7644 section 3.5.2 describes.
    BadPatch = Error "bad-patch",
    /// A PATCH request exceeds the limit on operations.
    TooManyOperations = Error "too-many-operations",
    /// The operation of a PATCH request is not `add`, `remove` or `replace`.
    UnknownOperation = Error "unknown-operation",
    /// A `remove` operation has no path.
    MissingPath = Error "missing-path",
    /// An operation, or a required sub-attribute in its value, has no value.
    MissingValue = Error "missing-value",
    /// A `remove` operation has a value.
    RemoveWithValue = Error "remove-with-value",
    /// The path of an operation selects nothing.
    NoTarget = Error "no-target",
    /// The attribute is read-only, or immutable and has a value.
    NotMutable = Error "not-mutable",
    /// An operation would remove a required attribute.
    RequiredAttribute = Error "required-attribute",
    /// An operation marks several values as primary.
    SeveralPrimaries = Error "several-primaries",
    /// The filter exceeds the limit on its cost.
    TooCostly = Error "too-costly",
    /// Accepted extension: a sub-attribute after `]`.
    AcceptedSubAttribute = Warning "accepted-sub-attribute",
    /// Accepted extension: an operator after `]`.
    AcceptedOperator = Warning "accepted-operator",
    /// Accepted extension: a comparison as the path of a PATCH operation.
    AcceptedComparisonPath = Warning "accepted-comparison-path",
    /// Accepted extension: a string instead of a Boolean.
    AcceptedBooleanText = Warning "accepted-boolean-text",
    /// Accepted extension: `true` or `false` with uppercase letters.
    AcceptedBooleanCase = Warning "accepted-boolean-case",
    /// Accepted extension: `null` with uppercase letters.
    AcceptedNullCase = Warning "accepted-null-case",
    /// Accepted extension: a dot instead of the colon after a schema URN.
    AcceptedUrnDot = Warning "accepted-urn-dot",
    /// Accepted extension: an attribute of an extension without its URN.
    AcceptedMissingUrn = Warning "accepted-missing-urn",
    /// Accepted extension: a string in single quotes.
    AcceptedSingleQuotes = Warning "accepted-single-quotes",
    /// Accepted extension: a string without quotes.
    AcceptedUnquotedWord = Warning "accepted-unquoted-word",
    /// Accepted extension: a number, `true` or `false` instead of a string.
    AcceptedUnquotedLiteral = Warning "accepted-unquoted-literal",
    /// Accepted extension: the operation of a PATCH request in uppercase letters.
    AcceptedOperationCase = Warning "accepted-operation-case",
    /// Accepted extension: a path as the name of a member of a value.
    AcceptedPathKey = Warning "accepted-path-key",
    /// Accepted extension: a `remove` operation with the elements to remove as its value.
    AcceptedRemoveValue = Warning "accepted-remove-value",
    /// Accepted extension: an array or a simple value instead of a single or complex value.
    AcceptedWrappedValue = Warning "accepted-wrapped-value",
    /// A name in another case than the schema's.
    NameCase = Advice "name-case",
    /// A complex attribute is compared, which means its `value`.
    ImplicitValue = Advice "implicit-value",
    /// A value that the attribute never has.
    UnknownValue = Warning "unknown-value",
    /// Conditions that no record meets.
    NeverMatches = Warning "never-matches",
    /// Conditions that every record meets.
    AlwaysMatches = Warning "always-matches",
    /// `ne` on an attribute with several values.
    NeOnMany = Advice "ne-on-many",
    /// Conditions on the parts of one element, outside brackets.
    SplitElements = Advice "split-elements",
    /// `and` beside `or` without parentheses.
    MixedAndOr = Advice "mixed-and-or",
    /// `*` or `%` at the edge of a value.
    WildcardInValue = Warning "wildcard-in-value",
    /// A placeholder that was not replaced.
    Placeholder = Warning "placeholder",
    /// The string `"null"` or the like.
    NullAsText = Warning "null-as-text",
    /// Whitespace at the start or the end of a value.
    BlankAtEdge = Warning "blank-at-edge",
    /// An invisible character in a value.
    InvisibleInValue = Warning "invisible-in-value",
    /// An escape sequence that was probably meant as a backslash.
    SuspiciousEscape = Warning "suspicious-escape",
    /// A condition stated twice.
    DuplicateCondition = Advice "duplicate-condition",
    /// A condition that another one implies.
    ImpliedCondition = Advice "implied-condition",
    /// A substring test with the empty string.
    EmptyNeedle = Warning "empty-needle",
    /// A negation that another operator expresses.
    NegatedComparison = Advice "negated-comparison",
    /// Parentheses that neither change nor clarify the meaning.
    NeedlessParentheses = Advice "needless-parentheses",
    /// An operator or connective with uppercase letters.
    KeywordCase = Advice "keyword-case",
    /// A number that an integer attribute never equals.
    NeverEqual = Warning "never-equal",
    /// A part of the filter that the chosen provider does not support.
    UnsupportedByProvider = Warning "unsupported-by-provider",
    /// A search for fewer than three characters, which no trigram index answers.
    ShortNeedle = Advice "short-needle",
    /// A search for a part of a string, whose weight in the policy exceeds that of `eq`.
    CoScan = Advice "co-scan",
    /// A search for the end of a string.
    EwScan = Advice "ew-scan",
    /// The mapping compares with a database expression that does not always agree with memory.
    NativeComparison = Warning "native-comparison",
}

impl Code {
    /// Returns the code with this name, which is none of the application's.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.name() == name)
    }

    /// Returns the group of the code: `syntax`, `names`, `types`, `suspicious`, `redundant`,
    /// `portability`, `cost`, `limits`, `policy`, `patch`, `sql` or `custom`.
    #[must_use]
    pub const fn group(self) -> &'static str {
        match self {
            Self::UnknownAttribute | Self::NameCase | Self::ImplicitValue => "names",
            Self::WrongType
            | Self::OperatorForType
            | Self::BadDateTime
            | Self::BadBinary
            | Self::NumberTooLarge
            | Self::ComplexAttribute
            | Self::SimpleAttribute
            | Self::UnknownValue
            | Self::NeverEqual => "types",
            Self::TooLong
            | Self::TooDeep
            | Self::TooManyClauses
            | Self::TooManyConnectiveLevels
            | Self::TooManyOperations
            | Self::TooCostly => "limits",
            Self::OperatorNotAllowed
            | Self::NotNotAllowed
            | Self::ValuePathNotAllowed
            | Self::UrnNotAllowed
            | Self::NullNotAllowed
            | Self::GroupMixed
            | Self::GroupSplit
            | Self::TooManyComparisons
            | Self::OutsideScope
            | Self::CannotDrop => "policy",
            Self::NeverMatches
            | Self::AlwaysMatches
            | Self::NeOnMany
            | Self::SplitElements
            | Self::MixedAndOr
            | Self::WildcardInValue
            | Self::Placeholder
            | Self::NullAsText
            | Self::BlankAtEdge
            | Self::InvisibleInValue
            | Self::SuspiciousEscape => "suspicious",
            Self::DuplicateCondition
            | Self::ImpliedCondition
            | Self::EmptyNeedle
            | Self::NegatedComparison
            | Self::NeedlessParentheses => "redundant",
            Self::ShortNeedle | Self::CoScan | Self::EwScan => "cost",
            Self::KeywordCase
            | Self::UnsupportedByProvider
            | Self::AcceptedSubAttribute
            | Self::AcceptedOperator
            | Self::AcceptedComparisonPath
            | Self::AcceptedBooleanText
            | Self::AcceptedBooleanCase
            | Self::AcceptedNullCase
            | Self::AcceptedUrnDot
            | Self::AcceptedMissingUrn
            | Self::AcceptedSingleQuotes
            | Self::AcceptedUnquotedWord
            | Self::AcceptedUnquotedLiteral
            | Self::AcceptedOperationCase
            | Self::AcceptedPathKey
            | Self::AcceptedRemoveValue
            | Self::AcceptedWrappedValue => "portability",
            Self::BadPatch
            | Self::UnknownOperation
            | Self::MissingPath
            | Self::MissingValue
            | Self::RemoveWithValue
            | Self::NoTarget
            | Self::NotMutable
            | Self::RequiredAttribute
            | Self::SeveralPrimaries => "patch",
            Self::NativeComparison => "sql",
            Self::Custom(_) => "custom",
            _ => "syntax",
        }
    }

    /// Returns an example from `grammar.md`: the configuration that produces the code, and a filter.
    #[must_use]
    pub fn example(self) -> Option<(&'static str, &'static str)> {
        let row = format!("| `{}` | ", self.name());
        let line = GRAMMAR.lines().find_map(|line| line.strip_prefix(row.as_str()))?;
        let (under, example) = line.strip_suffix(" |")?.split_once(" | ")?;
        Some((under, example.strip_prefix('`')?.strip_suffix('`')?))
    }
}

const GRAMMAR: &str = include_str!("../../grammar.md");

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
