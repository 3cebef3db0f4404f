//! Generated users for tests, benchmarks and demonstrations.

use super::role::{
    ADMINISTRATOR_ROLE, Group, ProviderType, Role, RoleKind, RoleLevel, SYSTEM_ROLES,
};
use super::timestamp::Timestamp;
use super::user::{Status, User};

/// Generates `count` users.
///
/// They cover all statuses, missing e-mail addresses, names in many scripts and in NFC and NFD,
/// characters that are special in SQL or in filters, and different numbers of roles, groups and
/// scopes.
///
/// The result is the same in every run and on every machine, and `sample(n)` is a prefix of
/// `sample(n + 1)`. Subjects are unique. Ids are unique and increasing, for up to 50 million users.
///
/// ```
/// let users: Vec<_> = scieve_users::sample(200).collect();
/// assert!(users.iter().any(|user| user.name == "Bob"));
/// ```
pub fn sample(count: usize) -> impl ExactSizeIterator<Item = User> {
    sample_with_seed(count, SEED)
}

/// Generates `count` users as [`sample`] does; each seed yields different users.
pub fn sample_with_seed(count: usize, seed: u64) -> impl ExactSizeIterator<Item = User> {
    let (roles, groups) = (roles(), groups());
    (0..count).map(move |index| user(index as u64, seed, &roles, &groups))
}

/// The seed below 200 whose first 200 users are the most varied and include a disabled Alice.
const SEED: u64 = 153;

const TENANT: &str = "n2vKq0TzXcB7LrYwEo5hJd8sMfGuA1Pi";

/// 2021-05-03T00:00:00Z, in seconds.
const EPOCH: u64 = 1_620_000_000;
const SECONDS_APART: u64 = 20;
/// Validity of an invitation in seconds: a week.
const INVITED_FOR: i64 = 7 * 24 * 60 * 60;

#[rustfmt::skip]
const GIVEN: &[&str] = &[
    "Alice", "Bob", "Carla", "Dmitri", "Elena", "Frank", "Grace", "Hiroshi", "Ivy", "Jamal",
    "Kofi", "Lena", "Mateo", "Nadia", "Omar", "Priya", "Quentin", "Rosa", "Sven", "Tara", "Umar",
    "Vera", "Wei", "Xenia", "Yuki", "Zane",
];

#[rustfmt::skip]
const FAMILY: &[&str] = &[
    "Adams", "Baker", "Castillo", "Dvorak", "Eriksen", "Fischer", "Gupta", "Haddad", "Ito",
    "Jensen", "Kim", "Lopez", "Mbeki", "Nguyen", "O'Neil", "Petrov", "Quinn", "Rossi", "Silva",
    "Tanaka", "Underwood", "Vasquez", "Watson", "Xu", "Yilmaz", "Zhang",
];

/// Other scripts, NFC and NFD, and letters with unusual case folding.
#[rustfmt::skip]
const UNUSUAL: &[&str] = &[
    "Élodie Lefèvre", "E\u{301}lodie Lefe\u{300}vre", "José \"Pepe\" Núñez", "Zoë 😀 Smith",
    "ΟΔΥΣΣΕΥΣ Παππάς", "Οδυσσεύς ΠΑΠΠΆΣ", "Jürgen Groß", "JÜRGEN GROSS", "İbrahim Işık",
    "ibrahim ışık", "山田 太郎", "김민준", "\u{1100}\u{1175}\u{11B7}민준", "Иван Петров", "ИВАН ПЕТРОВ",
    "محمد علي", "דוד כהן", "Łukasz Żółć", "Søren Ærø", "Nguyễn Văn An",
    "Nguye\u{302}\u{303}n Va\u{306}n An", "\u{212A}elvin \u{212B}berg", "ﬁona ﬂores", "ǰan", "🍣",
    "สมชาย ใจดี", "Žofie Šťastná", "Bob\u{301}", "ＡＬＩＣＥ", "а́lice",
];

#[rustfmt::skip]
const PUNCTUATED: &[&str] = &[
    "Query Service", "Grace Query", "query_bot", "QUERY%20", "100% Real", "under_score",
    "back\\slash", "O'Brien; drop table users; --", "tab\there", "a.b@c", "(paren) [bracket]",
    "name eq \"Bob\"", "bob ", " alice", "B", "!bang!",
];

const DOMAINS: &[&str] = &["corp.example", "mail.example", "Dept.Corp.Example", "partner.example"];
const LOCALES: &[&str] = &["en-US", "de-DE", "fr-FR", "es", "ja-JP", "en_US_POSIX", "tr-TR"];
const ZONES: &[&str] =
    &["Europe/Paris", "America/Toronto", "Asia/Tokyo", "UTC", "America/Sao_Paulo"];
const SCOPES: &[&str] =
    &["user_default", "admin_classic", "offline_access", "apps:read", "apps:export", "spaces.data"];

fn roles() -> Vec<Role> {
    let custom = [
        ("My Custom Role", RoleLevel::User),
        ("query", RoleLevel::User),
        ("Prüfer", RoleLevel::Admin),
    ];
    let custom = custom.map(|(name, level)| Role {
        id: String::new(),
        name: name.to_owned(),
        kind: RoleKind::Custom,
        level,
    });
    // The sample is fixed data: roles in the order of the ids in the table, with ids of its own.
    let mut system = SYSTEM_ROLES;
    system.sort_by_key(|role| role.id);
    let all = system.into_iter().map(Role::from).chain(custom);
    let id = |number| format!("605a1c2151382ffc836af8{number:02x}");
    all.enumerate().map(|(number, role)| Role { id: id(number), ..role }).collect()
}

fn groups() -> Vec<Group> {
    use ProviderType::{Custom, Idp};
    let roles = roles();
    let group =
        |(number, (name, provider, wanted)): (usize, (&str, ProviderType, &[&str]))| Group {
            id: format!("6425d62641d2b80a9a0f92{number:02x}"),
            name: name.to_owned(),
            provider_type: Some(provider),
            assigned_roles: roles
                .iter()
                .filter(|role| wanted.contains(&role.name.as_str()))
                .cloned()
                .collect(),
        };
    let all: [(_, _, &[&str]); 8] = [
        ("Finance", Idp, &["DataSpaceCreator"]),
        ("Sales", Idp, &[]),
        ("Research & Development", Idp, &["Developer", "SharedSpaceCreator"]),
        ("Vertrieb Süd", Custom, &["Prüfer"]),
        ("CG-Finance", Custom, &[]),
        ("CG-Sales", Custom, &["ManagedSpaceCreator"]),
        ("営業部", Idp, &["query"]),
        ("Operators", Custom, &[ADMINISTRATOR_ROLE, "DataAdmin", "AnalyticsAdmin"]),
    ];
    all.into_iter().enumerate().map(group).collect()
}

fn user(index: u64, seed: u64, roles: &[Role], groups: &[Group]) -> User {
    let mut random = Random::new(seed, index);
    // The first users are created days apart, so that a short list spans a week.
    let nth = index.min(1 << 32);
    let created = EPOCH + nth * SECONDS_APART + nth.isqrt() * 40_000;
    let millis = i64::try_from(created * 1000 + random.below(1000)).unwrap_or(0);
    let name = name(&mut random);
    let status = match random.below(100) {
        0..60 => Status::Active,
        60..72 => Status::Disabled,
        72..85 => Status::Invited,
        85..93 => Status::Deleted,
        _ => Status::Provisioned,
    };
    let email = (!random.one_in(10)).then(|| email(&name, index, &mut random));
    let locale = random.one_in(3).then(|| random.pick(LOCALES));
    let zoneinfo = random.one_in(3).then(|| random.pick(ZONES));
    User {
        id: format!(
            "{created:08x}{:010x}{:06x}",
            Random::new(seed, u64::MAX).next() >> 24,
            index & 0xff_ffff
        ),
        tenant_id: TENANT.to_owned(),
        subject: subject(&name, index, &mut random),
        email,
        status,
        assigned_roles: random.some_of(roles),
        assigned_groups: random.some_of(groups),
        assigned_scopes: random.some_of(SCOPES).into_iter().map(str::to_owned).collect(),
        client_id: random
            .one_in(10)
            .then(|| format!("{:016x}{:016x}", random.next(), random.next())),
        picture: random.one_in(5).then(|| format!("https://pictures.example/{index}.png")),
        preferred_locale: locale.is_some().then(|| random.pick(LOCALES)),
        preferred_zoneinfo: zoneinfo.is_some().then(|| random.pick(ZONES)),
        locale,
        zoneinfo,
        created_at: Timestamp::from_millis(millis),
        last_updated_at: Timestamp::from_millis(
            millis.saturating_add_unsigned(random.below(90 * 24 * 3_600_000)),
        ),
        invite_expiry: (status == Status::Invited).then_some(millis / 1000 + INVITED_FOR),
        name,
    }
}

fn name(random: &mut Random) -> String {
    match random.below(100) {
        0..10 => random.pick(UNUSUAL),
        10..15 => random.pick(PUNCTUATED),
        15..30 => random.pick(GIVEN),
        30..35 => random.pick(GIVEN).to_lowercase(),
        _ => format!("{} {}", random.pick(GIVEN), random.pick(FAMILY)),
    }
}

fn email(name: &str, index: u64, random: &mut Random) -> String {
    let mut mailbox = mailbox(name);
    match random.below(100) {
        0..5 => mailbox.make_ascii_uppercase(),
        5 => mailbox.push_str("+query"),
        6..12 => mailbox = name.split(' ').next().unwrap_or("").to_owned(),
        _ => {}
    }
    format!("{mailbox}{index}@{}", random.pick(DOMAINS))
}

fn subject(name: &str, index: u64, random: &mut Random) -> String {
    match random.below(100) {
        0..45 => format!("auth0|{:016x}", random.next() ^ index),
        45..70 => format!("CORP\\{}{index}", mailbox(name)),
        70..85 => format!(
            "google-oauth2|{:021}",
            u128::from(random.next()) << 16 | u128::from(index & 0xffff)
        ),
        85 => format!("idp|query-{index}"),
        86..92 => format!("{name}#{index}"),
        _ => format!("svc-{}-{index}", mailbox(name)),
    }
}

/// Returns the ASCII letters and digits of a name in lowercase, with a dot between words.
fn mailbox(name: &str) -> String {
    let mut mailbox = String::with_capacity(name.len());
    for word in name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()) {
        if !mailbox.is_empty() {
            mailbox.push('.');
        }
        mailbox.push_str(word);
    }
    mailbox.make_ascii_lowercase();
    mailbox
}

/// The pseudorandom number generator SplitMix64 (<https://doi.org/10.1145/2714064.2660195>).
struct Random(u64);

impl Random {
    const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

    /// Creates an independent sequence for each user of each seed.
    fn new(seed: u64, index: u64) -> Self {
        Self(Self(seed).next() ^ Self(index).next())
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(Self::STEP);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Returns a number below `bound`. The modulo bias is negligible for small bounds.
    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound.max(1)
    }

    fn one_in(&mut self, count: u64) -> bool {
        self.below(count) == 0
    }

    fn index(&mut self, length: usize) -> usize {
        usize::try_from(self.below(length as u64)).unwrap_or(0)
    }

    fn pick(&mut self, strings: &[&str]) -> String {
        let index = self.index(strings.len());
        strings.get(index).copied().unwrap_or("").to_owned()
    }

    /// Returns up to three neighbouring items; items at the front are more likely. 30 % of the
    /// results are empty.
    fn some_of<T: Clone>(&mut self, all: &[T]) -> Vec<T> {
        let count = match self.below(10) {
            0..3 => 0,
            3..7 => 1,
            7..9 => 2,
            _ => 3,
        };
        let start = self.index(all.len()).min(self.index(all.len()));
        all.iter().cycle().skip(start).take(count.min(all.len())).cloned().collect()
    }
}
