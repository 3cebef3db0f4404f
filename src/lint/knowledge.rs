//! Synonyms of names and values in other products and languages, as data.

use crate::policy::{Policy, UnknownValues};
use crate::schema::Attribute;

/// Names that mean the opposite of `active`.
const OPPOSITES: &[&str] =
    &["disabled", "isDisabled", "accountDisabled", "deactivated", "inactive"];

/// Names that mean the same. The first column lists the attributes of SCIM, best first; a name in
/// brackets is a `type` of the elements. Names are compared without case, `-` and `_`.
const SYNONYMS: &[(&[&str], &[&str])] = &[
    (
        &["userName"],
        &[
            "login",
            "loginName",
            "user",
            "uid",
            "upn",
            "userPrincipalName",
            "principalName",
            "samAccountName",
            "account",
            "accountName",
            "userId",
            "userLogin",
            "preferredUsername",
            "screenName",
            "handle",
        ],
    ),
    (
        &["name.givenName", "givenName", "name"],
        &["firstName", "fname", "forename", "first", "given"],
    ),
    (
        &["name.familyName", "familyName", "name"],
        &["lastName", "lname", "surname", "sn", "last", "family"],
    ),
    (&["name.middleName"], &["middle", "middleInitial"]),
    (&["name.honorificPrefix"], &["salutation", "namePrefix"]),
    (&["name.honorificSuffix"], &["nameSuffix"]),
    (
        &["displayName", "name.formatted", "name"],
        &["fullName", "cn", "commonName", "realName", "friendlyName", "completeName"],
    ),
    (
        &["emails.value", "email"],
        &[
            "email",
            "mail",
            "emailAddress",
            "emailAddresses",
            "mailAddress",
            "primaryEmail",
            "emails",
        ],
    ),
    (&["emails[work]"], &["workEmail", "businessEmail"]),
    (&["emails[home]"], &["homeEmail", "personalEmail", "privateEmail"]),
    (
        &["phoneNumbers.value"],
        &["phone", "phoneNumber", "telephone", "telephoneNumber", "tel", "phones"],
    ),
    (
        &["phoneNumbers[mobile]"],
        &["mobile", "mobilePhone", "cell", "cellPhone", "mobileNumber", "cellular"],
    ),
    (&["phoneNumbers[work]"], &["workPhone", "officePhone", "businessPhone", "businessPhones"]),
    (&["phoneNumbers[home]"], &["homePhone"]),
    (&["phoneNumbers[fax]"], &["fax", "faxNumber"]),
    (&["addresses.formatted"], &["address", "postalAddress", "fullAddress"]),
    (&["addresses.locality"], &["city", "town", "location", "l"]),
    (&["addresses.region"], &["state", "province", "st", "county"]),
    (&["addresses.postalCode"], &["zip", "zipCode", "postcode"]),
    (&["addresses.streetAddress"], &["street", "addressLine1"]),
    (&["addresses.country"], &["countryCode", "countryName", "c"]),
    (&["roles.value", "assignedRoles.name"], &["role", "roles.name", "roleName"]),
    (
        &["groups.display", "assignedGroups.name"],
        &["group", "groupName", "memberOf", "groups.name", "groups.displayName"],
    ),
    (&["entitlements.value"], &["entitlement", "license", "permission"]),
    (
        &["manager.value"],
        &["managerId", "supervisor", "boss", "reportsTo", "manager.id", "managerUserId"],
    ),
    (
        &["employeeNumber"],
        &["employeeId", "empId", "employeeNo", "empNo", "personnelNumber", "staffId", "employee"],
    ),
    (&["userType"], &["employeeType", "accountType", "personType", "type"]),
    (
        &["organization"],
        &["organisation", "company", "companyName", "org", "o", "orgName", "employer"],
    ),
    (&["department"], &["dept", "departmentName", "departmentNumber", "ou", "team"]),
    (&["division"], &["divisionName", "businessUnit"]),
    (&["costCenter"], &["costCentre", "cc"]),
    (&["preferredLanguage"], &["language", "lang", "preferredLang", "languagePreference"]),
    (&["locale"], &["localeCode", "region.locale"]),
    (&["timezone"], &["tz", "timeZoneName", "zoneInfo"]),
    (
        &["active", "status"],
        &[
            "status",
            "enabled",
            "isActive",
            "isEnabled",
            "accountEnabled",
            "accountStatus",
            "userStatus",
            "state.active",
            "activated",
        ],
    ),
    (&["active", "status"], OPPOSITES),
    (
        &["meta.created", "created", "createdAt"],
        &[
            "created",
            "createdAt",
            "dateCreated",
            "createdDate",
            "creationDate",
            "createDate",
            "createTime",
            "createdOn",
            "createdDateTime",
            "whenCreated",
            "creationTime",
            "createTimestamp",
            "createdTime",
            "meta.creationDate",
        ],
    ),
    (
        &["meta.lastModified", "lastModified", "modified", "updatedAt"],
        &[
            "lastModified",
            "modified",
            "updated",
            "updatedAt",
            "lastUpdated",
            "modifiedAt",
            "dateModified",
            "lastModifiedDate",
            "modifiedDate",
            "updateTime",
            "whenChanged",
            "changed",
            "lastUpdate",
            "modifyTimestamp",
            "modifiedOn",
            "updatedOn",
            "lastModifiedAt",
            "lastModifiedDateTime",
            "meta.modified",
            "meta.updated",
        ],
    ),
    (&["meta.resourceType"], &["resourceType"]),
    (&["meta.version"], &["version", "etag"]),
    (&["meta.location"], &["meta.url", "meta.uri"]),
    (&["id"], &["objectId", "guid", "uuid", "_id", "objectGuid", "userGuid", "identifier", "oid"]),
    (&["externalId"], &["extId", "foreignId", "immutableId", "sourceId", "external"]),
    (&["title"], &["jobTitle", "position", "jobRole", "designation"]),
    (&["nickName"], &["nick", "alias", "knownAs"]),
    (&["profileUrl"], &["profile", "homepage", "website", "url", "profileLink"]),
    (&["photos.value"], &["photo", "picture", "avatar", "thumbnailPhoto", "image"]),
    (&["ims.value"], &["im", "chat", "skype"]),
    (
        &["x509Certificates.value"],
        &["x509", "certificate", "cert", "userCertificate", "x509Certificate"],
    ),
    (&["members.value"], &["member", "memberId", "users", "members.id"]),
    (&["members.display"], &["members.name", "members.displayName", "memberName"]),
    (&["displayName"], &["title", "name", "groupDisplayName"]),
];

/// Names of sub-attributes elsewhere.
const SUB_SYNONYMS: &[(&str, &[&str])] = &[
    ("givenName", &["first", "firstName", "given", "forename"]),
    ("familyName", &["last", "lastName", "family", "surname", "sn"]),
    ("middleName", &["middle"]),
    ("formatted", &["full", "fullName", "display", "displayName", "name", "formattedName"]),
    ("honorificPrefix", &["prefix", "title"]),
    ("honorificSuffix", &["suffix"]),
    ("locality", &["city", "town"]),
    ("region", &["state", "province"]),
    ("postalCode", &["zip", "zipCode", "postcode"]),
    ("streetAddress", &["street", "line1", "address"]),
    ("country", &["countryCode"]),
    ("created", &["createdAt", "creationDate", "createdDate", "dateCreated", "createdOn"]),
    (
        "lastModified",
        &[
            "modified",
            "updated",
            "updatedAt",
            "lastUpdated",
            "modifiedAt",
            "lastModifiedDate",
            "changed",
        ],
    ),
    ("resourceType", &["type", "kind"]),
    ("location", &["url", "uri", "href", "ref"]),
    ("version", &["etag"]),
    ("display", &["name", "displayName", "label"]),
    ("value", &["address", "email", "mail", "number", "phone", "id", "val", "url", "name"]),
    ("type", &["kind", "category", "label"]),
    ("primary", &["isPrimary", "default", "main"]),
    ("$ref", &["ref", "href"]),
    ("displayName", &["name", "display"]),
];

/// Objects that other products put attributes into.
const WRAPPERS: &[&str] =
    &["profile", "user", "users", "attributes", "resource", "data", "target", "core", "group"];

/// Values that mean the same elsewhere.
const VALUE_SYNONYMS: &[(&str, &[&str])] = &[
    ("active", &["enabled", "true", "on", "activated", "live", "valid", "ok"]),
    (
        "disabled",
        &[
            "inactive",
            "deactivated",
            "suspended",
            "deprovisioned",
            "false",
            "off",
            "blocked",
            "locked",
            "terminated",
            "locked_out",
            "off-boarded",
            "archived",
        ],
    ),
    ("invited", &["pending", "staged", "invitation_sent", "unverified"]),
    ("deleted", &["removed", "purged"]),
    ("provisioned", &["created", "new"]),
];

/// Returns the name in lowercase without `-` and `_`.
pub(super) fn plain(name: &str) -> String {
    name.chars().filter(|char| !matches!(char, '-' | '_')).collect::<String>().to_lowercase()
}

/// Returns the attributes that a name of another product can mean, best first.
pub(super) fn synonyms(name: &str) -> impl Iterator<Item = &'static str> {
    let name = plain(name);
    SYNONYMS
        .iter()
        .filter(move |(_, others)| others.iter().any(|other| plain(other) == name))
        .flat_map(|(targets, _)| targets.iter().copied())
}

/// Returns whether a name is that of the opposite of its synonym in SCIM: `disabled` of `active`.
pub(super) fn is_opposite(name: &str) -> bool {
    OPPOSITES.iter().any(|opposite| plain(opposite) == plain(name))
}

/// Returns the sub-attributes that a name of another product can mean, best first.
pub(super) fn sub_synonyms(name: &str) -> impl Iterator<Item = &'static str> {
    let name = plain(name);
    SUB_SYNONYMS
        .iter()
        .filter(move |(_, others)| others.iter().any(|other| plain(other) == name))
        .map(|(target, _)| *target)
}

pub(super) fn is_wrapper(name: &str) -> bool {
    WRAPPERS.iter().any(|wrapper| wrapper.eq_ignore_ascii_case(name))
}

/// Returns the Boolean that a word means.
pub(super) fn boolean(word: &str) -> Option<bool> {
    match word.trim().to_ascii_lowercase().as_str() {
        "true" | "yes" | "y" | "on" | "1" | "t" | "enabled" | "active" => Some(true),
        "false" | "no" | "n" | "off" | "0" | "f" | "disabled" | "inactive" => Some(false),
        _ => None,
    }
}

/// Returns the canonical values of an attribute.
pub(super) fn values<R: ?Sized>(policy: &Policy<R>, attribute: &Attribute) -> Option<Vec<String>> {
    if attribute.path().eq_ignore_ascii_case("meta.resourceType") {
        // The URN of a schema of RFC 7643 ends with the name of the resource type.
        let name = policy.schema().urn()?.rsplit(':').next()?;
        return Some(vec![name.to_owned()]);
    }
    Some(attribute.canonical_values().iter().map(|value| (**value).to_owned()).collect())
}

/// Returns whether an attribute has no other values than [`values`].
pub(super) fn is_closed<R: ?Sized>(policy: &Policy<R>, attribute: &Attribute) -> bool {
    // The statuses of the reference policy.
    let is_status =
        attribute.path() == "status" && policy.schema().find_path("assignedRoles").is_some();
    policy.rule(attribute.id()).is_some_and(|rule| rule.unknown_values != UnknownValues::Accept)
        || is_status
        || attribute.path().eq_ignore_ascii_case("meta.resourceType")
}

/// Returns the known value that a value means or is a misspelling of. If other values are possible
/// too, a misspelling has one wrong character.
pub(super) fn nearest_value<'v>(
    value: &str,
    known: &'v [String],
    is_closed: bool,
) -> Option<&'v str> {
    let by_name = |name: &str| known.iter().find(|known| known.eq_ignore_ascii_case(name));
    let synonym = || {
        VALUE_SYNONYMS
            .iter()
            .find(|(_, others)| others.iter().any(|other| other.eq_ignore_ascii_case(value)))
            .and_then(|(name, _)| by_name(name))
    };
    let is_likely = |name: &&str| is_closed || strsim::osa_distance(name, value) <= 1;
    by_name(value).or_else(synonym).map(String::as_str).or_else(|| {
        crate::suggest::nearest(value, known.iter().map(String::as_str)).filter(is_likely)
    })
}
