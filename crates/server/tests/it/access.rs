//! Authentication by API key and JWT, authorisation, and visibility of roles and tenants.

use crate::server::{ADMIN, Server, TENANT, USER, config, fixture};
use crate::token::encode;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use scieve_server::{Jwt, JwtAlgorithm};
use scieve_users::UserStore as _;
use serde_json::{Value, json};
use std::time::{SystemTime, UNIX_EPOCH};

const ALICE: &str = "62716ab404a7bd8626af9bd6";
const CARLA: &str = "626949b9017b657805080bbd";
const SECRET: &[u8] = b"0123456789abcdef0123456789abcdef";
const RSA: &[u8] = include_bytes!("../keys/rsa.key.pem");
const RSA_PUBLIC: &[u8] = include_bytes!("../keys/rsa.pub.pem");
const EC: &[u8] = include_bytes!("../keys/ec.key.pem");
const EC_PUBLIC: &[u8] = include_bytes!("../keys/ec.pub.pem");

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

fn claims() -> Value {
    json!({ "sub": "auth0|a08d6d9137f3b2a7", "iss": "https://idp.example", "aud": "users", "exp": now() + 300 })
}

fn with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    claims[name] = value;
    claims
}

fn without(name: &str) -> Value {
    let mut claims = claims();
    claims.as_object_mut().unwrap().remove(name);
    claims
}

fn serving(algorithm: JwtAlgorithm, key: &[u8]) -> Server {
    Server::with(
        config().jwt(Jwt::with_key(algorithm, key, "https://idp.example", "users").unwrap()),
    )
}

fn status(server: &Server, token: &str) -> u16 {
    server.call(token, "GET", "/api/v1/users/me", None).status
}

/// Returns a token with this header and this signature, valid or not.
fn raw(header: &Value, claims: &Value, signature: &str) -> String {
    use base64::Engine as _;
    let part =
        |value: &Value| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.{signature}", part(header), part(claims))
}

#[test]
fn each_algorithm_is_accepted() {
    for (algorithm, key, name, private) in [
        (JwtAlgorithm::Hs256, SECRET, Algorithm::HS256, EncodingKey::from_secret(SECRET)),
        (
            JwtAlgorithm::Rs256,
            RSA_PUBLIC,
            Algorithm::RS256,
            EncodingKey::from_rsa_pem(RSA).unwrap(),
        ),
        (JwtAlgorithm::Es256, EC_PUBLIC, Algorithm::ES256, EncodingKey::from_ec_pem(EC).unwrap()),
    ] {
        let server = serving(algorithm, key);
        let me = server.call(
            &encode(&Header::new(name), &claims(), &private).unwrap(),
            "GET",
            "/api/v1/users/me",
            None,
        );
        assert_eq!(
            (me.status, me.header("location")),
            (301, Some(format!("/api/v1/users/{ALICE}").as_str())),
            "{name:?}"
        );
        assert_eq!(status(&server, ADMIN), 301);
    }
}

#[test]
fn invalid_tokens_are_rejected() {
    let server = serving(JwtAlgorithm::Hs256, SECRET);
    let token = |claims: &Value| {
        encode(&Header::new(Algorithm::HS256), claims, &EncodingKey::from_secret(SECRET)).unwrap()
    };
    assert_eq!(status(&server, &token(&claims())), 301);
    assert_eq!(status(&server, &token(&with("aud", json!(["others", "users"])))), 301);
    for bad in [
        with("iss", json!("https://other.example")),
        with("aud", json!("others")),
        with("exp", json!(now() - 300)),
        with("exp", json!("never")),
        with("exp", json!(now() - 31)),
        with("exp", json!(-1)),
        with("exp", Value::Null),
        with("nbf", json!(now() + 300)),
        with("nbf", json!(now() + 60)),
        with("iss", json!(["https://idp.example/"])),
        with("iss", json!("")),
        with("aud", json!([])),
        with("aud", json!("")),
        with("sub", json!("AUTH0|A08D6D9137F3B2A7")),
        with("sub", json!("")),
        with("sub", json!("nobody")),
        with("sub", json!("a\u{0}b")),
        with("sub", json!(7)),
        // Bob is disabled, Dmitri deleted.
        with("sub", json!("auth0|b19e7ea248a4c3b8")),
        with("sub", json!("CORP\\divanov")),
        without("sub"),
        without("iss"),
        without("aud"),
        without("exp"),
    ] {
        assert_eq!(status(&server, &token(&bad)), 401, "{bad}");
    }
    let good = token(&claims());
    let (head, _) = good.rsplit_once('.').unwrap();
    let other = encode(
        &Header::new(Algorithm::HS256),
        &claims(),
        &EncodingKey::from_secret(b"another secret of thirty-two bytes"),
    )
    .unwrap();
    for bad in [
        head.to_owned(),
        format!("{head}."),
        format!("{good}x"),
        format!("{good}.x"),
        other,
        "a.b.c".into(),
        "..".into(),
    ] {
        assert_eq!(status(&server, &bad), 401, "{bad}");
    }
    for name in ["none", "None", "NONE", ""] {
        for signature in ["", good.rsplit('.').next().unwrap()] {
            assert_eq!(
                status(&server, &raw(&json!({ "alg": name, "typ": "JWT" }), &claims(), signature)),
                401,
                "{name}"
            );
        }
    }
    let mut crit = Header::new(Algorithm::HS256);
    crit.crit = Some(vec!["exp".into()]);
    assert_eq!(
        status(&server, &encode(&crit, &claims(), &EncodingKey::from_secret(SECRET)).unwrap()),
        401
    );
}

#[test]
fn algorithm_confusion_is_rejected() {
    let server = serving(JwtAlgorithm::Rs256, RSA_PUBLIC);
    let good =
        encode(&Header::new(Algorithm::RS256), &claims(), &EncodingKey::from_rsa_pem(RSA).unwrap())
            .unwrap();
    assert_eq!(status(&server, &good), 301);
    for public in [RSA_PUBLIC, RSA_PUBLIC.trim_ascii_end()] {
        let confused =
            encode(&Header::new(Algorithm::HS256), &claims(), &EncodingKey::from_secret(public))
                .unwrap();
        assert_eq!(status(&server, &confused), 401);
    }
    for other in [Algorithm::RS384, Algorithm::RS512, Algorithm::PS256] {
        let token =
            encode(&Header::new(other), &claims(), &EncodingKey::from_rsa_pem(RSA).unwrap())
                .unwrap();
        assert_eq!(status(&server, &token), 401, "{other:?}");
    }
    // A key embedded in the token is ignored.
    let mut header = Header::new(Algorithm::HS256);
    header.jwk =
        Some(serde_json::from_value(json!({ "kty": "oct", "alg": "HS256", "k": "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY" })).unwrap());
    assert_eq!(
        status(&server, &encode(&header, &claims(), &EncodingKey::from_secret(SECRET)).unwrap()),
        401
    );
}

#[test]
fn key_sets_are_restricted_to_supported_signing_keys() {
    let set = json!({ "keys": [
        { "kty": "oct", "kid": "a", "alg": "HS256", "use": "sig", "k": "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY" },
        { "kty": "oct", "kid": "b", "alg": "HS512", "k": "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY" },
        { "kty": "oct", "kid": "c", "use": "enc", "k": "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY" },
    ] });
    let jwt = |set: &Value| Jwt::with_key_set(&set.to_string(), "https://idp.example", "users");
    let server = Server::with(config().jwt(jwt(&set).unwrap()));
    let token = |kid: Option<&str>, algorithm| {
        let mut header = Header::new(algorithm);
        header.kid = kid.map(str::to_owned);
        encode(&header, &claims(), &EncodingKey::from_secret(SECRET)).unwrap()
    };
    assert_eq!(status(&server, &token(Some("a"), Algorithm::HS256)), 301);
    assert_eq!(status(&server, &token(None, Algorithm::HS256)), 301);
    assert_eq!(status(&server, &token(Some("c"), Algorithm::HS256)), 401);
    assert_eq!(status(&server, &token(Some("b"), Algorithm::HS512)), 401);
    assert!(jwt(&json!({ "keys": [] })).is_err());
    assert!(jwt(&json!({ "keys": [{ "kty": "oct", "k": "c2hvcnQ" }] })).is_err());
    assert!(Jwt::with_key(JwtAlgorithm::Hs256, b"short", "i", "a").is_err());
    assert!(Jwt::with_key(JwtAlgorithm::Rs256, EC_PUBLIC, "i", "a").is_err());
    assert!(Jwt::with_key(JwtAlgorithm::Es256, RSA_PUBLIC, "i", "a").is_err());
    assert!(Jwt::with_key(JwtAlgorithm::Es256, b"no key", "i", "a").is_err());
    assert!(Jwt::with_key(JwtAlgorithm::Hs256, SECRET, "", "a").is_err());
}

#[test]
fn unknown_keys_long_tokens_and_malformed_tokens_are_rejected() {
    let (secret, other) = (
        EncodingKey::from_secret(SECRET),
        EncodingKey::from_secret(b"another secret of thirty-two bytes"),
    );
    let set = json!({ "keys": [
        { "kty": "oct", "kid": "a", "alg": "HS256", "k": "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY" },
        { "kty": "oct", "kid": "b", "alg": "HS256", "k": "YW5vdGhlciBzZWNyZXQgb2YgdGhpcnR5LXR3byBieXRlcw" },
    ] });
    let server = Server::with(
        config().jwt(Jwt::with_key_set(&set.to_string(), "https://idp.example", "users").unwrap()),
    );
    let token = |kid: &str, claims: &Value, key: &EncodingKey| {
        let mut header = Header::new(Algorithm::HS256);
        header.kid = Some(kid.to_owned());
        encode(&header, claims, key).unwrap()
    };
    assert_eq!(
        (
            status(&server, &token("a", &claims(), &secret)),
            status(&server, &token("b", &claims(), &other))
        ),
        (301, 301)
    );
    for kid in ["", "c", "A", "a ", "../a", "' or 1=1", "/dev/null", "http://a/keys"] {
        assert_eq!(status(&server, &token(kid, &claims(), &secret)), 401, "{kid:?}");
    }
    // Each key is valid for its own `kid` only.
    assert_eq!(
        (
            status(&server, &token("b", &claims(), &secret)),
            status(&server, &token("a", &claims(), &other))
        ),
        (401, 401)
    );
    let long = |count: usize| token("a", &with("x", json!("x".repeat(count))), &secret);
    assert!(long(5000).len() < 8192 && long(6200).len() > 8192);
    assert_eq!(
        (
            status(&server, &long(5000)),
            status(&server, &long(6200)),
            status(&server, &long(40_000))
        ),
        (301, 401, 401)
    );
    // Key URLs in a token are not fetched.
    for extra in ["jku", "x5u"] {
        let mut header = Header::new(Algorithm::HS256);
        (header.jku, header.x5u) =
            (Some("http://127.0.0.1:9/".into()), Some("http://127.0.0.1:9/".into()));
        assert_eq!(
            status(&server, &encode(&header, &claims(), &EncodingKey::from_secret(b"x")).unwrap()),
            401,
            "{extra}"
        );
    }
    // Only the compact serialisation of JWS is accepted (RFC 7515 section 7.1).
    let good = token("a", &claims(), &secret);
    let parts: Vec<_> = good.split('.').collect();
    for bad in [
        format!("{}.{}.{}.{}.{}", parts[0], parts[1], parts[2], parts[0], parts[1]),
        format!("{}..{}", parts[0], parts[2]),
        format!(".{}.{}", parts[1], parts[2]),
        format!("{}.{}.{}=", parts[0], parts[1], parts[2]),
        format!("{{\"payload\":\"{}\"}}", parts[1]),
        good.to_uppercase(),
        good.replace('.', ". "),
        "[".repeat(4000),
        raw(&json!({ "alg": "HS256", "kid": "a" }), &json!([[[]]]), parts[2]),
        raw(&json!({ "alg": ["none"] }), &claims(), ""),
        raw(&json!({ "kid": "a" }), &claims(), parts[2]),
    ] {
        assert_eq!(status(&server, &bad), 401, "{bad}");
    }
}

#[test]
fn keys_of_disabled_and_deleted_users_are_rejected() {
    let server = Server::with(config().api_key("third", TENANT, "63a1f00c2b6de10011aa0006"));
    let patch = |status: &str| {
        let body = json!([{ "op": "replace", "path": "/status", "value": status }]);
        assert_eq!(
            server
                .call(ADMIN, "PATCH", "/api/v1/users/63a1f00c2b6de10011aa0006", Some(&body))
                .status,
            204
        );
    };
    assert_eq!(status(&server, "third"), 301);
    patch("disabled");
    assert_eq!(status(&server, "third"), 401);
    patch("active");
    assert_eq!(status(&server, "third"), 301);
    assert_eq!(
        server.call(ADMIN, "DELETE", "/api/v1/users/63a1f00c2b6de10011aa0006", None).status,
        204
    );
    assert_eq!(status(&server, "third"), 401);
    assert_eq!(status(&server, "THIRD"), 401);
    let own = server.call(ADMIN, "DELETE", &format!("/api/v1/users/{ALICE}"), None);
    assert_eq!(own.status, 400);
}

#[test]
fn non_administrators_read_all_and_change_only_their_preferences() {
    let server = Server::start();
    let as_user = |method: &str, path: &str, body: Option<Value>| {
        server.call(USER, method, path, body.as_ref()).status
    };
    let patch = |path: &str| Some(json!([{ "op": "replace", "path": path, "value": "de" }]));
    let (own, other) = (format!("/api/v1/users/{CARLA}"), format!("/api/v1/users/{ALICE}"));
    assert_eq!(as_user("PATCH", &own, patch("/preferredLocale")), 204);
    assert_eq!(as_user("PATCH", &own, patch("/PreferredZoneInfo")), 204);
    for path in ["/name", "/email", "/status", "/assignedRoles", "/assignedGroups/-", "/nothing"] {
        assert_eq!(as_user("PATCH", &own, patch(path)), 403, "{path}");
    }
    assert_eq!(
        as_user(
            "PATCH",
            &own,
            Some(json!([{ "op": "add", "path": "/preferredLocale", "value": 1 }]))
        ),
        400
    );
    assert_eq!(as_user("PATCH", &other, patch("/preferredLocale")), 403);
    assert_eq!(as_user("PATCH", "/api/v1/users/nobody", patch("/preferredLocale")), 403);
    assert_eq!(as_user("DELETE", "/api/v1/users/nobody", None), 403);
    assert_eq!(as_user("POST", "/api/v1/users", Some(json!({}))), 403);
    assert_eq!(as_user("GET", "/api/v1/users/actions/count", None), 403);
    assert_eq!(as_user("POST", "/api/v1/users/actions/filter", None), 403);
    assert_eq!(
        as_user("POST", "/api/v1/users/actions/invite", Some(json!({ "invitees": [] }))),
        403
    );
    for path in ["/api/v1/users", "/api/v1/users/metadata", &own, &other] {
        assert_eq!(as_user("GET", path, None), 200, "{path}");
    }
}

#[test]
fn roles_of_others_cannot_be_seen_or_guessed() {
    let server = Server::start();
    let as_user = |target: &str| server.call(USER, "GET", target, None);
    let shown = |user: &Value, name: &str| user.get(name).is_some();
    let (other, own) = (
        as_user(&format!("/api/v1/users/{ALICE}")).json(),
        as_user(&format!("/api/v1/users/{CARLA}")).json(),
    );
    for name in ["roles", "assignedRoles"] {
        assert!(!shown(&other, name) && shown(&own, name), "{name}");
    }
    assert_eq!(other["assignedGroups"][0]["name"], "Finance");
    assert!(!shown(&other["assignedGroups"][0], "assignedRoles"));
    assert!(shown(
        &server.get(&format!("/api/v1/users/{ALICE}")).json()["assignedGroups"][0],
        "assignedRoles"
    ));
    let listed =
        as_user("/api/v1/users?limit=100&fields=id,roles,assignedRoles,assignedGroups").json();
    for user in listed["data"].as_array().unwrap() {
        assert_eq!(shown(user, "assignedRoles"), user["id"] == CARLA, "{user}");
        assert_eq!(shown(user, "roles"), user["id"] == CARLA, "{user}");
        assert!(
            user["assignedGroups"]
                .as_array()
                .unwrap()
                .iter()
                .all(|group| user["id"] == CARLA || !shown(group, "assignedRoles"))
        );
    }
    // The response is the same whether or not the role exists, and equals that of an unknown
    // attribute.
    let refused = |filter: &str| {
        let answer = as_user(&format!(
            "/api/v1/users?filter={}",
            filter.replace(' ', "%20").replace('"', "%22")
        ));
        assert_eq!(answer.status, 400, "{filter}");
        let mut error = answer.json()["errors"][0].clone();
        error["detail"].take();
        error
    };
    let unknown = refused("shoeSize.names0 eq \"Developer\"");
    for name in ["assignedRoles.name", "assignedRoles.id", "assignedGroupsAssignedRoles.name"] {
        let codes: Vec<_> = ["Developer", "Nothing12"]
            .iter()
            .map(|role| refused(&format!("{name} eq \"{role}\"")))
            .collect();
        assert_eq!(codes[0], codes[1]);
        assert_eq!(
            (&codes[0]["code"], &codes[0]["meta"]["filterCode"]),
            (&unknown["code"], &unknown["meta"]["filterCode"])
        );
    }
    let parameter = |role: &str| {
        let mut body = as_user(&format!("/api/v1/users?role={role}")).json();
        body["traceId"].take();
        body
    };
    assert_eq!(parameter("Developer")["errors"][0]["source"]["parameter"], "role");
    assert_eq!(parameter("Developer"), parameter("Nothing12"));
    assert_eq!(as_user("/api/v1/users?sort=assignedRoles").status, 400);
    assert_eq!(
        as_user("/api/v1/users?filter=assignedGroups.id%20eq%20%22507f191e810c19729de860eb%22")
            .ids(),
        [ALICE]
    );
    // A cursor of an administrator does not grant access to roles.
    let page = server.get("/api/v1/users?limit=1&filter=assignedRoles.name%20eq%20%22Developer%22");
    let cursor = page.link("next").unwrap().rsplit_once("next=").unwrap().1.to_owned();
    assert_eq!(as_user(&format!("/api/v1/users?next={cursor}")).status, 400);
    assert_eq!(server.get(&format!("/api/v1/users?next={cursor}&limit=100")).ids().len(), 2);
}

#[test]
fn tenants_are_isolated() {
    let config = config().api_key("other-key", "other", "other-admin");
    let server = Server::of(config, async {
        let store = crate::server::store().await;
        let mut users = fixture().users;
        for user in &mut users {
            user.tenant_id = "other".into();
            user.id =
                if user.id == ALICE { "other-admin".into() } else { format!("other-{}", user.id) };
        }
        store.load("other", fixture().roles, fixture().groups, users).await.unwrap();
        store
    });
    let as_other = |method: &str, target: &str, body: Option<&Value>| {
        server.call("other-key", method, target, body)
    };
    let ids = as_other("GET", "/api/v1/users?limit=100", None).ids();
    assert!(ids.len() == 12 && ids.iter().all(|id| id.starts_with("other-")), "{ids:?}");
    assert_eq!(as_other("POST", "/api/v1/users/actions/filter?limit=100", None).ids(), ids);
    assert!(
        as_other("GET", &format!("/api/v1/users?filter=id%20eq%20%22{ALICE}%22"), None)
            .ids()
            .is_empty()
    );
    assert!(as_other("GET", &format!("/api/v1/users?tenantId={TENANT}"), None).ids().is_empty());
    assert!(
        as_other("GET", "/api/v1/users?limit=1&startingAfter=0", None).ids()[0]
            .starts_with("other-")
    );
    for (method, body) in [
        ("GET", None),
        ("DELETE", None),
        ("PATCH", Some(json!([{ "op": "replace", "path": "/name", "value": "x" }]))),
    ] {
        assert_eq!(
            as_other(method, &format!("/api/v1/users/{CARLA}"), body.as_ref()).status,
            404,
            "{method}"
        );
    }
    assert_eq!(
        as_other("GET", &format!("/api/v1/users/actions/count?tenantId={TENANT}"), None).status,
        404
    );
    assert_eq!(
        as_other("POST", &format!("/api/v1/users/actions/filter?next={CARLA}"), None).status,
        400
    );
    assert_eq!(
        as_other("POST", "/api/v1/users", Some(&json!({ "subject": "x", "tenantId": TENANT })))
            .status,
        403
    );
    assert_eq!(
        as_other("POST", "/api/v1/users", Some(&json!({ "subject": "x" }))).json()["tenantId"],
        "other"
    );
    let invited = as_other(
        "POST",
        "/api/v1/users/actions/invite",
        Some(&json!({ "invitees": [{ "email": "grace@corp.example" }] })),
    )
    .json();
    assert_eq!(invited["data"][0]["userId"], "other-63a1f00c2b6de10011aa0007");
    let next = server.get("/api/v1/users?limit=3").link("next").unwrap();
    assert_eq!(server.get(&next).status, 200);
    assert_eq!(as_other("GET", &next, None).status, 400);
    assert_eq!(server.get("/api/v1/users/actions/count").json()["total"], 12);
}
