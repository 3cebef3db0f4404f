//! The reasons for the rules, for `scieve rule`.

use super::Code;

impl Code {
    /// Returns why the rule exists, in one or two sentences.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Custom(_) => "The application that created the policy added the rule.",
            Self::NotUtf8 => {
                "Filters are Unicode text. Guessing another encoding could change a value."
            }
            Self::EmptyFilter => {
                "An empty filter has no meaning. Omit the parameter to select every record."
            }
            Self::ExpectedAttribute | Self::ExpectedOperator | Self::ExpectedValue => {
                "A comparison has three parts: an attribute, an operator and a value. Only `pr` \
                 has no value."
            }
            Self::BadAttributePath => {
                "A path is an optional schema URN, a name, and at most one sub-attribute (RFC \
                 7644 section 3.10)."
            }
            Self::UnknownOperator => {
                "SCIM has ten operators of two letters. `==` and `contains` come from other \
                 languages; SQL's `<>` leaves out missing values, `ne` does not."
            }
            Self::BadValue => {
                "Values are JSON values: strings, numbers, Booleans and `null` have different forms."
            }
            Self::UnterminatedString => {
                "Without the closing quote, the rest of the filter would be part of the value."
            }
            Self::BadEscape | Self::ControlCharacter | Self::LoneSurrogate => {
                "Strings follow RFC 8259 section 7. Other readings differ between servers."
            }
            Self::NulCharacter => {
                "PostgreSQL cannot store U+0000, so that no database would find it."
            }
            Self::NullOperator => {
                "`null` has no order and no parts. It equals a missing value only."
            }
            Self::MissingBlank => {
                "Whitespace separates the parts of a comparison. Without it, the end of a name is \
                 ambiguous."
            }
            Self::Unclosed | Self::WrongBracket => {
                "Brackets decide what `and`, `or` and `not` apply to, so that a wrong one can \
                 change the meaning."
            }
            Self::ExtraConnective => {
                "`and` and `or` join two conditions. The word is marked, not what follows."
            }
            Self::MissingConnective => {
                "`and` and `or` give different results, so that neither is assumed."
            }
            Self::EllipticOperand => "Each side of `and` and `or` is a whole comparison.",
            Self::ReversedOperands => "The attribute comes first in SCIM.",
            Self::ForeignConnective => {
                "The signs of programming languages are the words `and`, `or` and `not` in SCIM."
            }
            Self::ForeignClause => {
                "Replacing one word gives valid filters with another meaning: `co \"%x%\"` \
                 searches for the percent signs."
            }
            Self::FunctionCall => "OData and others have functions. SCIM has operators.",
            Self::ForeignLanguage => {
                "One finding that names the language is clearer than one for each of its signs."
            }
            Self::PastedParameter => {
                "The name of the query parameter was copied together with its value."
            }
            Self::UrlEncoded => {
                "The filter was copied from a URL or a log. Servers decode it once."
            }
            Self::EscapedText => {
                "The filter was copied from JSON or from source code, with its quotes."
            }
            Self::TypographicQuotes => {
                "Word processors, chat programs and wikis replace `\"` by quotes that no parser \
                 reads."
            }
            Self::StrangeBlank | Self::InvisibleCharacter | Self::LookAlike => {
                "The filter looks right on the screen. Only the code point shows the difference."
            }
            Self::TrailingMark => "Filters have no statements and no comments.",
            Self::UnexpectedText => "Ignoring the rest could widen or narrow the result.",
            Self::NotWithoutGroup => {
                "`not` applies to a group in parentheses (RFC 7644 section 3.4.2.2), so that its \
                 extent is visible."
            }
            Self::NestedValuePath | Self::DottedNameInBrackets => {
                "Sub-attributes have no sub-attributes (RFC 7643 section 2.3.8), so that brackets \
                 do not nest."
            }
            Self::TextAfterBrackets => {
                "In filters a value path is a whole condition. Only paths of PATCH operations \
                 continue after `]`."
            }
            Self::TooLong
            | Self::TooDeep
            | Self::TooManyClauses
            | Self::TooManyConnectiveLevels
            | Self::TooManyOperations
            | Self::TooCostly => "Limits bound the work that one request can cause.",
            Self::UnknownAttribute => {
                "An attribute that does not exist would make conditions false without notice."
            }
            Self::OperatorNotAllowed
            | Self::NotNotAllowed
            | Self::ValuePathNotAllowed
            | Self::UrnNotAllowed
            | Self::NullNotAllowed
            | Self::TooManyComparisons => {
                "The owner of the data restricts filters, for example to what indexes answer."
            }
            Self::WrongType | Self::OperatorForType => {
                "A comparison of different types would never be true (RFC 7644 section 3.4.2.2)."
            }
            Self::BadDateTime => {
                "Dates without a time or a zone denote different instants for different readers."
            }
            Self::BadBinary => "Binary values are compared after decoding.",
            Self::NumberTooLarge => "Rounding would make the number equal to others.",
            Self::ComplexAttribute => {
                "A complex value has no order and no text. Only its parts can be compared."
            }
            Self::SimpleAttribute => {
                "Brackets select elements by their parts, which simple values lack."
            }
            Self::GroupMixed | Self::GroupSplit => {
                "The condition applies to the whole query, such as to a status that hides records \
                 by default."
            }
            Self::OutsideScope => "The caller may see a part of the records only.",
            Self::CannotDrop => "Without the condition, the filter would match other records.",
            Self::BadPatch | Self::UnknownOperation | Self::MissingPath | Self::MissingValue => {
                "A request that is not understood completely is not applied in part (RFC 7644 \
                 section 3.5.2)."
            }
            Self::RemoveWithValue => {
                "The RFC defines no meaning of the value; some clients list what to remove."
            }
            Self::NoTarget => {
                "A path that selects nothing is an error for `replace` (RFC 7644 section 3.5.2.3)."
            }
            Self::NotMutable | Self::RequiredAttribute | Self::SeveralPrimaries => {
                "The result would violate the schema (RFC 7643 sections 2.2 and 2.4)."
            }
            Self::AcceptedSubAttribute
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
            | Self::AcceptedWrappedValue => {
                "The chosen dialect accepts what some clients send. Other servers reject it."
            }
            Self::NameCase => {
                "Names are compared without case (RFC 7643 section 2.1), but some servers do not."
            }
            Self::ImplicitValue => {
                "Not every server compares the sub-attribute `value` by default."
            }
            Self::UnknownValue => "The comparison is valid and matches no record, ever.",
            Self::NeverMatches => "Mostly an `or` was meant.",
            Self::AlwaysMatches => "Mostly an `and` was meant. A server returns every record.",
            Self::NeOnMany => {
                "One other value suffices, so that nearly every record with several values \
                 matches. To exclude a value, negate `eq`."
            }
            Self::SplitElements => {
                "Each condition can be true of another element. Brackets require one element for \
                 all."
            }
            Self::MixedAndOr => "`and` binds tighter. Parentheses show it to the reader.",
            Self::WildcardInValue => "SCIM has no wildcards: `*` and `%` are ordinary characters.",
            Self::Placeholder => "The program that built the filter did not insert the value.",
            Self::NullAsText => "Programs that build strings write `null` for a missing value.",
            Self::BlankAtEdge => "Whitespace is compared like any other character.",
            Self::InvisibleInValue => {
                "The character was copied with the value and makes it differ."
            }
            Self::SuspiciousEscape => "In a Windows account name, `\\b` is a backspace for JSON.",
            Self::DuplicateCondition | Self::ImpliedCondition | Self::NeedlessParentheses => {
                "The shorter filter has the same result and is easier to read."
            }
            Self::EmptyNeedle => {
                "Mostly a search box was left empty, and every record with a value matches."
            }
            Self::NegatedComparison => {
                "`ne` and `pr` express it. For `gt` and the like there is no such operator, \
                 because of missing values."
            }
            Self::KeywordCase => {
                "Keywords have no case by the RFC, but some servers reject capitals."
            }
            Self::NeverEqual => "An integer has no fraction.",
            Self::UnsupportedByProvider => {
                "Products implement a part of the language. Their documentation is the source of \
                 each profile."
            }
            Self::ShortNeedle | Self::CoScan | Self::EwScan => {
                "A comparison that no index answers reads every record."
            }
            Self::NativeComparison => {
                "Collations of databases differ from Unicode case folding for some characters."
            }
        }
    }
}
