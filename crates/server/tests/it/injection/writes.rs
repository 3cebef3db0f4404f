//! Hostile strings in requests that write.

use super::World;
use super::client::{Client, USERS};
use super::corpus::{Hostile, encoded};
use scieve_users::{MAX_KEY_BYTES, MAX_STRING_BYTES, Status, is_displayable, is_email_address};
use serde_json::Value;

/// Returns the number of users created.
pub(crate) fn all(
    world: &World,
    client: &mut Client<'_>,
    place: usize,
    hostile: &Hostile,
) -> usize {
    let mut made = created(world, client, place, hostile);
    made += patched(world, client, place, hostile);
    made + invited(client, place, hostile)
}

fn create(client: &mut Client<'_>, members: &str) -> (u16, Value) {
    let answer = client.json("POST", USERS, &format!("{{{members}}}"));
    (answer.status, answer.json())
}

/// Reads a user back.
fn read(client: &mut Client<'_>, id: &Value) -> Value {
    let answer = client.get(&format!("{USERS}/{}", encoded(id.as_str().unwrap())));
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()
}

/// Returns whether the string can be a subject or, if it is displayable, a name.
fn fits(text: &str) -> bool {
    !text.contains('\0')
        && text.len() <= MAX_KEY_BYTES
        && scieve::fold_key(text).len() <= MAX_KEY_BYTES
}

fn created(world: &World, client: &mut Client<'_>, place: usize, hostile: &Hostile) -> usize {
    let (literal, text) = (hostile.in_json(), hostile.of_json());
    let text = text.filter(|text| fits(text));
    let mut made = 0;
    // The subject may be taken.
    let taken = world
        .users
        .iter()
        .any(|user| user.status != Status::Deleted && Some(&user.subject) == text.as_ref());
    let own = format!("\"subject {place}\"");
    let attempts = [
        (
            format!(
                "\"subject\": {literal}, \"email\": \"subject{place}@scieve.example\", \
                 \"picture\": {literal}"
            ),
            if taken { 409 } else { 201 },
        ),
        (
            format!("\"subject\": {own}, \"name\": {literal}"),
            if text.as_deref().is_some_and(is_displayable) { 201 } else { 400 },
        ),
        (
            format!("\"subject\": {own}, \"email\": {literal}"),
            if text.as_deref().is_some_and(is_email_address) { 201 } else { 400 },
        ),
        (
            format!("\"subject\": {own}, \"assignedRoles\": [{{\"id\": {literal}}}]"),
            role(world, &text, |role| &role.0),
        ),
        (
            format!("\"subject\": {own}, \"assignedRoles\": [{{\"name\": {literal}}}]"),
            role(world, &text, |role| &role.1),
        ),
        (format!("\"subject\": {own}, \"roles\": [{literal}]"), 400),
        (format!("\"subject\": {own}, \"status\": {literal}"), 400),
        (format!("\"subject\": {own}, \"tenantId\": {literal}"), 403),
    ];
    // The first two attempts store the string, so they are always made.
    let turns = world.turns(place, attempts.len());
    let chosen = attempts.into_iter().enumerate().filter(|(at, _)| *at < 2 || turns.contains(at));
    for (_, (members, expected)) in chosen {
        let (status, user) = create(client, &members);
        match &text {
            None => assert!(status == 400 || (expected, status) == (403, 403), "{members}: {user}"),
            Some(_) => assert_eq!(status, expected, "{members}: {user}"),
        }
        if status != 201 {
            continue;
        }
        made += 1;
        let sent: Value = serde_json::from_str(&format!("{{{members}}}")).unwrap();
        let stored = read(client, &user["id"]);
        for (name, value) in
            sent.as_object().unwrap().iter().filter(|(name, _)| *name != "assignedRoles")
        {
            assert_eq!((&user[name], &stored[name]), (value, value), "{members}");
        }
        if let Some(role) = sent["assignedRoles"].get(0) {
            let (name, value) = role.as_object().unwrap().iter().next().unwrap();
            assert_eq!(&stored["assignedRoles"][0][name], value, "{members}");
        }
        let target = format!("{USERS}/{}", user["id"].as_str().unwrap());
        assert_eq!(client.send("DELETE", &target, &[], None).status, 204);
    }
    made
}

/// Returns the expected status: 201 if the tenant has such a role.
fn role(world: &World, text: &Option<String>, part: fn(&(String, String)) -> &String) -> u16 {
    let known = world
        .roles
        .iter()
        .any(|role| Some(part(&(role.id.clone(), role.name.clone()))) == text.as_ref());
    if known { 201 } else { 400 }
}

fn patched(world: &World, client: &mut Client<'_>, place: usize, hostile: &Hostile) -> usize {
    let (literal, text) = (hostile.in_json(), hostile.of_json());
    let (status, user) = create(client, &format!("\"subject\": \"patched {place}\""));
    assert_eq!(status, 201, "{user}");
    let target = format!("{USERS}/{}", user["id"].as_str().unwrap());
    let mut before = read(client, &user["id"]);
    let operation = |op: &str, path: &str, value: &str| {
        format!("{{\"op\": \"{op}\", \"path\": \"{path}\", \"value\": {value}}}")
    };
    let replace = |path: &str, value: &str| operation("replace", path, value);
    let texts =
        ["/preferredZoneinfo", "/preferredLocale"].map(|path| replace(path, &literal)).join(", ");
    let yes = |fine: bool| if fine { 204 } else { 400 };
    let is = |one: &String| Some(one) == text.as_ref();
    let role_id = world.roles.iter().any(|role| is(&role.id));
    let role_name = world.roles.iter().any(|role| is(&role.name));
    let group_id = world.groups.iter().any(|group| is(&group.id));
    let group_name = world.groups.iter().any(|group| is(&group.name));
    let attempts = [
        (
            texts,
            yes(text
                .as_deref()
                .is_some_and(|text| !text.contains('\0') && text.len() <= MAX_STRING_BYTES)),
        ),
        (
            replace("/name", &literal),
            yes(text.as_deref().is_some_and(|text| is_displayable(text) && fits(text))),
        ),
        (
            replace("/email", &literal),
            yes(text.as_deref().is_some_and(|text| is_email_address(text) && fits(text))),
        ),
        (replace("/assignedRoles", &format!("[{{\"id\": {literal}}}]")), yes(role_id)),
        (operation("add", "/assignedRoles/-", &format!("{{\"name\": {literal}}}")), yes(role_name)),
        (replace("/roles", &format!("[{literal}]")), yes(role_name)),
        (
            operation("remove-value", "/assignedRoles", &format!("[{{\"name\": {literal}}}]")),
            yes(role_name),
        ),
        (replace("/assignedGroups", &format!("[{literal}]")), yes(group_id)),
        (operation("add", "/assignedGroups", &format!("[{{\"id\": {literal}}}]")), yes(group_id)),
        (
            operation("add", "/assignedGroups/-", &format!("{{\"name\": {literal}}}")),
            yes(group_name),
        ),
        (replace("/status", &literal), 400),
        (format!("{{\"op\": {literal}, \"path\": \"/name\", \"value\": \"x\"}}"), 400),
        (format!("{{\"op\": \"replace\", \"path\": {literal}, \"value\": \"x\"}}"), 400),
        (operation("renew", "/inviteExpiry", &literal), 204),
        (format!("{{\"op\": \"unset\", \"path\": \"/email\", {literal}: {literal}}}"), 204),
    ];
    let turns = world.turns(place / 2, attempts.len());
    let chosen = attempts.into_iter().enumerate().filter(|(at, _)| *at == 0 || turns.contains(at));
    for (_, (operations, expected)) in chosen {
        let answer = client.json("PATCH", &target, &format!("[{operations}]"));
        match &text {
            None => assert_eq!(answer.status, 400, "{operations}"),
            Some(_) => assert_eq!(answer.status, expected, "{operations}: {answer:?}"),
        }
        let (204, Some(text)) = (answer.status, &text) else { continue };
        let after = read(client, &user["id"]);
        let stored = |names: &[&str]| names.iter().all(|name| after[name] == **text);
        let member = |list: &str, name: &str| {
            after[list].as_array().unwrap().iter().any(|one| one[name] == **text)
        };
        let path = serde_json::from_str::<Value>(&format!("[{operations}]")).unwrap()[0]["path"]
            .as_str()
            .unwrap()
            .to_owned();
        let (changed, fine): (&[&str], bool) = match path.as_str() {
            "/name" => (&["name"], stored(&["name"])),
            "/preferredZoneinfo" => (
                &["preferredZoneinfo", "preferredLocale"],
                stored(&["preferredZoneinfo", "preferredLocale"]),
            ),
            "/email" => (&["email"], stored(&["email"]) || operations.contains("unset")),
            "/assignedRoles" if operations.contains("remove-value") => {
                (&["assignedRoles"], !member("assignedRoles", "name"))
            }
            "/assignedRoles" => (&["assignedRoles"], member("assignedRoles", "id")),
            "/roles" | "/assignedRoles/-" => (&["assignedRoles"], member("assignedRoles", "name")),
            "/assignedGroups" => (&["assignedGroups"], member("assignedGroups", "id")),
            "/assignedGroups/-" => (&["assignedGroups"], member("assignedGroups", "name")),
            _ => (&[], true),
        };
        assert!(fine, "{operations}: {after}");
        // Earlier rejected operations left no trace.
        same(&before, &after, changed, &operations);
        before = after;
    }
    same(&before, &read(client, &user["id"]), &[], &literal);
    assert_eq!(client.send("DELETE", &target, &[], None).status, 204);
    1
}

/// Checks that nothing differs except these members and timestamps.
fn same(before: &Value, after: &Value, changed: &[&str], operations: &str) {
    let times = ["lastUpdated", "lastUpdatedAt", "inviteExpiry"];
    let rest = |user: &Value| {
        let mut members = user.as_object().unwrap().clone();
        members
            .retain(|name, _| !changed.contains(&name.as_str()) && !times.contains(&name.as_str()));
        members
    };
    assert_eq!(rest(before), rest(after), "{operations}");
}

fn invited(client: &mut Client<'_>, place: usize, hostile: &Hostile) -> usize {
    let (literal, text) = (hostile.in_json(), hostile.of_json());
    let mail = format!("invited{place}@scieve.example");
    let body = format!(
        "{{\"invitees\": [{{\"email\": {literal}}}, {{\"email\": \"{mail}\", \"name\": {literal}, \"language\": {literal}}}]}}"
    );
    let answer = client.json("POST", &format!("{USERS}/actions/invite"), &body);
    let Some(text) = text else {
        assert_eq!(answer.status, 400, "{body}");
        return 0;
    };
    assert_eq!(answer.status, 207, "{body}: {answer:?}");
    let data = &answer.json()["data"];
    // A valid address may be known or unknown, with different results.
    assert!(is_email_address(&text) || data[0]["code"] == "400", "{body}: {answer:?}");
    let mut made = 0;
    for item in data.as_array().unwrap().iter().filter(|item| item["status"] == "ok") {
        made += 1;
        let user = read(client, &item["userId"]);
        assert_eq!(user["email"], item["email"]);
        if item["email"] == mail {
            assert_eq!(user["name"], text, "{body}");
        }
    }
    let invitable = fits(&text) && is_displayable(&text);
    assert_eq!(data[1]["status"] == "ok", invitable, "{body}: {answer:?}");
    made
}
