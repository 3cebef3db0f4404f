//! A directory: users and the filters of its dynamic groups.
//!
//! The sizes are those of an identity service with 100 organisations of 400 departments and 2,000
//! groups: 40,000 departments (`eng-0312` is department 312 of the organisation `eng`), 200,000 groups,
//! 500 titles, 20 sites. A user has one department and eight groups. Departments, groups and the
//! operands of filters are uniformly distributed. The sizes do not grow with the number of filters,
//! so that a record matches ten times as many of 1,000,000 filters as of 100,000.

use serde_json::{Value, json};

pub(super) const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

const DEPARTMENTS: u64 = 40_000;
const ORGANISATIONS: u64 = 100;
const GROUPS: u64 = 200_000;
const TITLES: u64 = 500;
const SITES: u64 = 20;
const USER_TYPES: [&str; 4] = ["employee", "contractor", "intern", "service"];

/// An attribute that filters name.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Field {
    Department,
    Groups,
    Title,
    UserName,
    UserType,
}

impl Field {
    pub(super) const ALL: [Self; 5] =
        [Self::Department, Self::Groups, Self::Title, Self::UserName, Self::UserType];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Department => "department",
            Self::Groups => "groups",
            Self::Title => "title",
            Self::UserName => "userName",
            Self::UserType => "userType",
        }
    }
}

/// A filter as data, from which each competitor's form is made.
pub(super) enum Condition {
    Equal(Field, String),
    /// Equals one of the strings.
    In(Field, Vec<String>),
    StartsWith(Field, String),
    Active,
    All(Vec<Self>),
    /// A filter that only scieve can express.
    Scim(String),
}

pub(super) struct User {
    department: String,
    groups: Vec<String>,
    title: String,
    user_type: &'static str,
    user_name: String,
    site: u64,
    pub(super) active: bool,
    /// Days since the start of 2020.
    created: u64,
}

impl User {
    pub(super) fn random(random: &mut Random) -> Self {
        Self {
            department: department(random),
            groups: (0..8).map(|_| group(random)).collect(),
            title: title(random),
            user_type: random.of(&USER_TYPES),
            user_name: user_name(random),
            site: random.below(SITES),
            active: random.below(10) > 0,
            created: random.below(2_000),
        }
    }

    /// Moves the user to another department and replaces one of the groups.
    pub(super) fn moved(&self, random: &mut Random) -> Self {
        let mut groups = self.groups.clone();
        groups[0] = group(random);
        Self {
            department: department(random),
            groups,
            title: self.title.clone(),
            user_name: self.user_name.clone(),
            ..*self
        }
    }

    pub(super) fn values(&self, field: Field) -> Vec<&str> {
        match field {
            Field::Department => vec![&self.department],
            Field::Groups => self.groups.iter().map(String::as_str).collect(),
            Field::Title => vec![&self.title],
            Field::UserName => vec![&self.user_name],
            Field::UserType => vec![self.user_type],
        }
    }

    /// The User resource of RFC 7643.
    pub(super) fn to_json(&self) -> Value {
        let groups: Vec<Value> = self.groups.iter().map(|group| json!({"value": group})).collect();
        let mail = format!("{}@site{}.example", self.user_name, self.site);
        json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", ENTERPRISE],
            "userName": self.user_name,
            "userType": self.user_type,
            "title": self.title,
            "active": self.active,
            "emails": [
                {"type": "work", "value": mail, "primary": true},
                {"type": "home", "value": format!("{}@mail.example", self.user_name)},
            ],
            "groups": groups,
            "meta": {"resourceType": "User", "created": day(self.created)},
            ENTERPRISE: {"department": self.department, "costCenter": &self.department[..3]},
        })
    }
}

/// A way to make filters.
#[derive(Clone, Copy)]
pub(super) struct Mix {
    pub(super) name: &'static str,
    pub(super) description: &'static str,
    pub(super) filter: fn(&mut Random) -> Condition,
}

pub(super) const MIXES: [Mix; 5] = [
    Mix {
        name: "groups",
        description: "35 % `department eq`, 25 % also `userType eq`, 15 % also `title eq`, \
                      25 % `groups.value eq`, half of them also `active eq true`",
        filter: by_equality,
    },
    Mix {
        name: "lists",
        description: "65 % `department eq` or-ed two to five times, a third of them also \
                      `userType eq`, 35 % `groups.value eq` or-ed two to four times",
        filter: by_list,
    },
    Mix {
        name: "lists and prefixes",
        description: "55 % as *lists*, 25 % `department sw` (ten departments) and \
                      `userType eq`, 20 % `userName sw` (five to eight letters)",
        filter: by_list_or_prefix,
    },
    Mix {
        name: "random",
        description: "`and`, `or`, `not`, brackets, `eq`, `ne`, `sw`, `ew`, `co`, `gt` at random, \
                      one to four clauses; each filter has a part that requires a value",
        filter: random_filter,
    },
    Mix {
        name: "random, 1 % only `not`",
        description: "as *random*, but one filter of a hundred is `not (department eq)`, which \
                      nearly every record matches",
        filter: random_or_negative,
    },
];

fn by_equality(random: &mut Random) -> Condition {
    let of_department = Condition::Equal(Field::Department, department(random));
    match random.below(100) {
        0..35 => of_department,
        35..60 => Condition::All(vec![of_department, user_type(random)]),
        60..75 => {
            let title = Condition::Equal(Field::Title, title(random));
            Condition::All(vec![of_department, title])
        }
        other => {
            let of_group = Condition::Equal(Field::Groups, group(random));
            if other % 2 == 0 {
                of_group
            } else {
                Condition::All(vec![of_group, Condition::Active])
            }
        }
    }
}

fn by_list(random: &mut Random) -> Condition {
    if random.below(100) < 35 {
        let groups = (0..2 + random.below(3)).map(|_| group(random)).collect();
        return Condition::In(Field::Groups, groups);
    }
    let departments = (0..2 + random.below(4)).map(|_| department(random)).collect();
    let one_of = Condition::In(Field::Department, departments);
    match random.below(3) {
        0 => Condition::All(vec![one_of, user_type(random)]),
        _ => one_of,
    }
}

fn by_list_or_prefix(random: &mut Random) -> Condition {
    match random.below(100) {
        0..55 => by_list(random),
        55..80 => {
            let mut prefix = department(random);
            prefix.truncate(prefix.len() - 1);
            let prefix = Condition::StartsWith(Field::Department, prefix);
            Condition::All(vec![prefix, user_type(random)])
        }
        _ => {
            let mut prefix = user_name(random);
            prefix.truncate(5 + random.below(4) as usize);
            Condition::StartsWith(Field::UserName, prefix)
        }
    }
}

fn random_or_negative(random: &mut Random) -> Condition {
    match random.below(100) {
        0 => {
            Condition::Scim(format!("not ({ENTERPRISE}:department eq \"{}\")", department(random)))
        }
        _ => random_filter(random),
    }
}

fn random_filter(random: &mut Random) -> Condition {
    let mut filter = selective(random);
    for _ in 0..random.below(4) {
        filter = match random.below(4) {
            0 => format!("({filter} or {})", selective(random)),
            1 => format!("{filter} and not ({})", common(random)),
            _ => format!("{filter} and {}", common(random)),
        };
    }
    Condition::Scim(filter)
}

/// A filter of a number of clauses, with `and`, `or` and `not` between them.
pub(crate) fn random_tree(random: &mut Random, clauses: u64) -> String {
    if clauses == 1 {
        return if random.below(2) == 0 { selective(random) } else { common(random) };
    }
    let left = 1 + random.below(clauses - 1);
    let (left, right) = (random_tree(random, left), random_tree(random, clauses - left));
    match random.below(5) {
        0 => format!("not ({left}) and ({right})"),
        1 | 2 => format!("(({left}) or ({right}))"),
        _ => format!("({left}) and ({right})"),
    }
}

/// A condition that few users fulfil.
fn selective(random: &mut Random) -> String {
    match random.below(8) {
        0 | 1 => format!("{ENTERPRISE}:department eq \"{}\"", department(random)),
        2 | 3 => format!("groups.value eq \"{}\"", group(random)),
        4 => format!("groups[value eq \"{}\" and not (type eq \"indirect\")]", group(random)),
        5 => format!("userName sw \"{}\"", &user_name(random)[..7]),
        6 => {
            format!("emails[type eq \"work\" and value sw \"{}@\"]", user_name(random))
        }
        _ => format!("userName co \"{}\"", &user_name(random)[2..8]),
    }
}

/// A condition that many users fulfil.
fn common(random: &mut Random) -> String {
    match random.below(7) {
        0 => format!("userType eq \"{}\"", random.of(&USER_TYPES)),
        1 => format!("title ne \"{}\"", title(random)),
        2 => "active eq true".into(),
        3 => format!("meta.created gt \"{}\"", day(random.below(2_000))),
        4 => format!(
            "emails[type eq \"work\" and value ew \"@site{}.example\"]",
            random.below(SITES)
        ),
        5 => format!("title gt \"{}\"", title(random)),
        _ => format!("title co \"{}\"", &title(random)[2..6]),
    }
}

fn department(random: &mut Random) -> String {
    let number = random.below(DEPARTMENTS);
    let organisation = number % ORGANISATIONS;
    let letter = |place: u64| char::from(b'a' + (place % 26) as u8);
    format!(
        "{}{}{}-{:04}",
        letter(organisation),
        letter(organisation / 26),
        letter(organisation * 5),
        number / ORGANISATIONS
    )
}

fn group(random: &mut Random) -> String {
    format!("grp-{:06}", random.below(GROUPS))
}

fn title(random: &mut Random) -> String {
    format!("title {:03}", random.below(TITLES))
}

fn user_type(random: &mut Random) -> Condition {
    Condition::Equal(Field::UserType, random.of(&USER_TYPES).into())
}

/// A name such as `kelora.tamisu`: some 10^6 first and last names each.
fn user_name(random: &mut Random) -> String {
    let mut name = String::new();
    for part in 0..2 {
        if part > 0 {
            name.push('.');
        }
        for _ in 0..3 {
            name.push(random.of(b"bdfghklmnprstvwz").into());
            name.push(random.of(b"aeiou").into());
        }
    }
    name
}

fn day(number: u64) -> String {
    format!("{}-{:02}-{:02}T08:00:00Z", 2020 + number / 336, number / 28 % 12 + 1, number % 28 + 1)
}

/// A generator of random numbers (xorshift, Marsaglia 2003) with a fixed seed.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(super) fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % limit
    }

    fn of<T: Copy>(&mut self, values: &[T]) -> T {
        values[self.below(values.len() as u64) as usize]
    }
}
