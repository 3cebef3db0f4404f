//! JSON Web Tokens (RFC 7519) as bearer tokens.
//!
//! `jsonwebtoken` parses headers, keys and key sets. Its `decode` verifies signatures with a
//! [`CryptoProvider`](jsonwebtoken::crypto::CryptoProvider) of the whole process; a library that
//! installed one would change how its host application signs and verifies. Signatures are therefore
//! verified with `ring` here, and the claims are validated here as `decode` does.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::{
    AlgorithmParameters, EllipticCurve, Jwk, JwkSet, KeyAlgorithm, PublicKeyUse,
};
use jsonwebtoken::{Algorithm, DecodingKey, DecodingKeyKind, Header, decode_header};
use ring::hmac;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};
use serde::{Deserialize, Deserializer};
use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

/// Verifies JSON Web Tokens (RFC 7519) of one issuer.
///
/// A token is valid if it is signed with one of the keys, names the issuer and the audience, has
/// expired no more than 30 s ago and, if it has `nbf`, is valid no more than 30 s from now. The
/// caller is the user whose subject equals the claim `sub`.
///
/// The key determines the algorithm, not the token: a token whose header names another algorithm is
/// rejected, which prevents algorithm confusion (RFC 8725 section 3.1). Tokens of more than 8 KiB
/// and tokens with critical header extensions (`crit`) are rejected as well.
///
/// ```
/// use scieve_server::{Config, Jwt, JwtAlgorithm};
///
/// let secret = b"a secret of 32 bytes or more, from a random source";
/// let jwt = Jwt::with_key(JwtAlgorithm::Hs256, secret, "https://idp.example", "users")?;
/// let config = Config::new("tenant-1").jwt(jwt);
/// # Ok::<(), scieve_server::JwtError>(())
/// ```
pub struct Jwt {
    keys: Vec<Key>,
    issuer: String,
    audience: String,
}

struct Key {
    id: Option<String>,
    algorithm: JwtAlgorithm,
    key: DecodingKey,
}

/// Signature algorithm of a key (RFC 7518 section 3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum JwtAlgorithm {
    /// HMAC with SHA-256; the key is the secret itself, 32 bytes or more.
    Hs256,
    /// RSASSA-PKCS1-v1_5 with SHA-256; the key is a public key in PEM format. Signatures by keys
    /// of less than 2,048 bits are rejected.
    Rs256,
    /// ECDSA with P-256 and SHA-256; the key is a public key in PEM format, as an uncompressed
    /// point.
    Es256,
}

/// An invalid key or setting for the verification of tokens.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct JwtError(String);

impl JwtError {
    fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

/// Minimum length of an HS256 secret in bytes (RFC 7518 section 3.2).
const SECRET_BYTES: usize = 32;
/// Length of an uncompressed P-256 point in bytes (SEC 1 section 2.3.3).
const P256_POINT_BYTES: usize = 65;
/// Maximum length of a token in bytes.
const TOKEN_BYTES: usize = 8192;
/// Tolerated difference between the clocks of issuer and server, in seconds.
const LEEWAY: f64 = 30.0;

impl Jwt {
    /// Accepts tokens signed with one key.
    ///
    /// # Errors
    /// A key that is not a valid key of the algorithm, a secret of less than 32 bytes, an empty
    /// issuer or audience.
    pub fn with_key(
        algorithm: JwtAlgorithm,
        key: &[u8],
        issuer: &str,
        audience: &str,
    ) -> Result<Self, JwtError> {
        let invalid = |expected| JwtError::new(format!("the JWT key is not {expected} in PEM"));
        let key = match algorithm {
            JwtAlgorithm::Hs256 => secret(key)?,
            JwtAlgorithm::Rs256 => {
                DecodingKey::from_rsa_pem(key).map_err(|_| invalid("an RSA public key"))?
            }
            JwtAlgorithm::Es256 => DecodingKey::from_ec_pem(key)
                .ok()
                .filter(|key| key.try_get_as_bytes().is_ok_and(|key| key.len() == P256_POINT_BYTES))
                .ok_or_else(|| invalid("an uncompressed P-256 public key"))?,
        };
        Self::with_keys(vec![Key { id: None, algorithm, key }], issuer, audience)
    }

    /// Sets the id of the key of [`Jwt::with_key`]. Without an id, tokens that name a key (`kid`) are
    /// rejected, because it may be another key.
    #[must_use]
    pub fn key_id(mut self, id: &str) -> Self {
        self.keys.iter_mut().for_each(|key| key.id = Some(id.to_owned()));
        self
    }

    /// Accepts tokens signed with a key of a JSON Web Key Set (RFC 7517 section 5). Keys for other
    /// purposes than signatures and keys of other algorithms than HS256, RS256 and ES256 are
    /// ignored.
    ///
    /// # Errors
    /// JSON that is not a key set, a set without a usable key, a secret of less than 32 bytes, an
    /// empty issuer or audience.
    pub fn with_key_set(json: &str, issuer: &str, audience: &str) -> Result<Self, JwtError> {
        let set: JwkSet = serde_json::from_str(json)
            .map_err(|error| JwtError::new(format!("invalid JSON web key set: {error}")))?;
        let mut keys = Vec::new();
        for jwk in &set.keys {
            if let Some(algorithm) = algorithm(jwk) {
                let key = DecodingKey::from_jwk(jwk)
                    .map_err(|error| JwtError::new(format!("invalid JSON web key: {error}")))?;
                if algorithm == JwtAlgorithm::Hs256 {
                    secret(key.try_get_as_bytes().unwrap_or_default())?;
                }
                keys.push(Key { id: jwk.common.key_id.clone(), algorithm, key });
            }
        }
        Self::with_keys(keys, issuer, audience)
    }

    fn with_keys(keys: Vec<Key>, issuer: &str, audience: &str) -> Result<Self, JwtError> {
        if keys.is_empty() {
            return Err(JwtError::new("expected a JSON web key for HS256, RS256 or ES256"));
        }
        if issuer.is_empty() || audience.is_empty() {
            return Err(JwtError::new("expected a JWT issuer and a JWT audience"));
        }
        Ok(Self { keys, issuer: issuer.into(), audience: audience.into() })
    }

    /// Returns the subject of a valid token.
    pub(super) fn subject(&self, token: &str) -> Option<String> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
        self.subject_at(token, now.as_secs())
    }

    /// Returns the subject of a token that is valid at `now`, in seconds since the Unix epoch.
    fn subject_at(&self, token: &str, now: u64) -> Option<String> {
        if token.len() > TOKEN_BYTES {
            return None;
        }
        let header = decode_header(token).ok()?;
        // Critical extensions must be rejected by a recipient that does not implement them
        // (RFC 7515 section 4.1.11).
        if header.crit.is_some() {
            return None;
        }
        let (message, signature) = token.rsplit_once('.')?;
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        if !self.keys.iter().any(|key| {
            key.applies_to(&header) && key.verify_signature(message.as_bytes(), &signature)
        }) {
            return None;
        }
        let (_, claims) = message.rsplit_once('.')?;
        Claims::parse(&URL_SAFE_NO_PAD.decode(claims).ok()?)
            .filter(|claims| claims.are_valid(&self.issuer, &self.audience, now))
            .map(|claims| claims.sub)
    }
}

impl Key {
    /// Returns whether the key has the algorithm of the header and, if the header names a key, its
    /// id.
    fn applies_to(&self, header: &Header) -> bool {
        self.algorithm.name() == header.alg
            && header.kid.as_ref().is_none_or(|named| self.id.as_ref() == Some(named))
    }

    fn verify_signature(&self, message: &[u8], signature: &[u8]) -> bool {
        let verified = match (self.algorithm, self.key.kind()) {
            (JwtAlgorithm::Hs256, DecodingKeyKind::SecretOrDer(secret)) => {
                hmac::verify(&hmac::Key::new(hmac::HMAC_SHA256, secret), message, signature)
            }
            (JwtAlgorithm::Rs256, DecodingKeyKind::SecretOrDer(der)) => {
                UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, der).verify(message, signature)
            }
            (JwtAlgorithm::Rs256, DecodingKeyKind::RsaModulusExponent { n, e }) => {
                RsaPublicKeyComponents { n, e }.verify(
                    &RSA_PKCS1_2048_8192_SHA256,
                    message,
                    signature,
                )
            }
            (JwtAlgorithm::Es256, DecodingKeyKind::SecretOrDer(point)) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(message, signature)
            }
            (JwtAlgorithm::Hs256 | JwtAlgorithm::Es256, _) => return false,
        };
        verified.is_ok()
    }
}

impl JwtAlgorithm {
    const fn name(self) -> Algorithm {
        match self {
            Self::Hs256 => Algorithm::HS256,
            Self::Rs256 => Algorithm::RS256,
            Self::Es256 => Algorithm::ES256,
        }
    }
}

/// Registered claims (RFC 7519 section 4.1) that are validated; other claims are ignored.
#[derive(Deserialize)]
struct Claims {
    sub: String,
    iss: OneOrMany,
    aud: OneOrMany,
    exp: NumericDate,
    #[serde(default, deserialize_with = "not_null")]
    nbf: Option<NumericDate>,
}

impl Claims {
    fn parse(json: &[u8]) -> Option<Self> {
        // The claims set is a JSON object (RFC 7519 section 7.2); serde accepts arrays as well.
        if json.trim_ascii_start().first() != Some(&b'{') {
            return None;
        }
        serde_json::from_slice(json).ok()
    }

    fn are_valid(&self, issuer: &str, audience: &str, now: u64) -> bool {
        let now = now as f64;
        !self.sub.is_empty()
            && self.iss.contains(issuer)
            && self.aud.contains(audience)
            && self.exp.0 >= now - LEEWAY
            && self.nbf.is_none_or(|nbf| nbf.0 <= now + LEEWAY)
    }
}

/// A string or an array of strings, as `aud` may be (RFC 7519 section 4.1.3). Some issuers send
/// `iss` as an array as well.
#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl OneOrMany {
    fn contains(&self, value: &str) -> bool {
        match self {
            Self::One(one) => one == value,
            Self::Many(many) => many.iter().any(|one| one == value),
        }
    }
}

/// Seconds since the Unix epoch (RFC 7519 section 2), rounded to whole seconds.
#[derive(Clone, Copy, Deserialize)]
#[serde(try_from = "f64")]
struct NumericDate(f64);

impl TryFrom<f64> for NumericDate {
    type Error = &'static str;

    fn try_from(seconds: f64) -> Result<Self, Self::Error> {
        if (0.0..=u64::MAX as f64).contains(&seconds) {
            Ok(Self(seconds.round()))
        } else {
            Err("expected seconds since 1970-01-01T00:00:00Z")
        }
    }
}

/// Deserialises an optional member that must not be `null` if it is present.
fn not_null<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    value: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(value).map(Some)
}

/// Omits the keys.
impl fmt::Debug for Jwt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { keys, issuer, audience } = self;
        f.debug_struct("Jwt")
            .field("keys", &keys.len())
            .field("issuer", issuer)
            .field("audience", audience)
            .finish()
    }
}

fn secret(key: &[u8]) -> Result<DecodingKey, JwtError> {
    if key.len() < SECRET_BYTES {
        return Err(JwtError::new(format!(
            "expected an HS256 secret of {SECRET_BYTES} bytes or more"
        )));
    }
    Ok(DecodingKey::from_secret(key))
}

/// Returns the algorithm of a key for signatures: the one of its type, which its `alg`, if present,
/// must not contradict.
fn algorithm(jwk: &Jwk) -> Option<JwtAlgorithm> {
    if jwk.common.public_key_use.as_ref().is_some_and(|usage| *usage != PublicKeyUse::Signature) {
        return None;
    }
    let (algorithm, name) = match &jwk.algorithm {
        AlgorithmParameters::OctetKey(_) => (JwtAlgorithm::Hs256, KeyAlgorithm::HS256),
        AlgorithmParameters::RSA(_) => (JwtAlgorithm::Rs256, KeyAlgorithm::RS256),
        AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => {
            (JwtAlgorithm::Es256, KeyAlgorithm::ES256)
        }
        _ => return None,
    };
    jwk.common.key_algorithm.is_none_or(|named| named == name).then_some(algorithm)
}

#[cfg(test)]
mod tests {
    use super::{Claims, Jwt, JwtAlgorithm, Key};
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use serde_json::{Value, json};

    const NOW: u64 = 1_000_000;

    fn key(jwk: &Value) -> Key {
        let set = json!({ "keys": [jwk] }).to_string();
        Jwt::with_key_set(&set, "iss", "aud").unwrap().keys.remove(0)
    }

    /// The examples of RFC 7515 appendices A.1 to A.3.
    #[test]
    fn signatures_of_the_rfc_verify() {
        let payload = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
        let examples = [
            (
                json!({ "kty": "oct", "k": "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow" }),
                "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9",
                "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
            ),
            (
                json!({ "kty": "RSA", "e": "AQAB", "n": "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ" }),
                "eyJhbGciOiJSUzI1NiJ9",
                "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw",
            ),
            (
                json!({ "kty": "EC", "crv": "P-256", "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0" }),
                "eyJhbGciOiJFUzI1NiJ9",
                "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
            ),
        ];
        for (jwk, header, signature) in &examples {
            let (key, signature) = (key(jwk), URL_SAFE_NO_PAD.decode(signature).unwrap());
            let message = format!("{header}.{payload}");
            assert!(key.verify_signature(message.as_bytes(), &signature), "{jwk}");
            assert!(!key.verify_signature(payload.as_bytes(), &signature), "{jwk}");
            for at in [0, signature.len() / 2, signature.len() - 1] {
                let mut changed = signature.clone();
                changed[at] ^= 1;
                assert!(!key.verify_signature(message.as_bytes(), &changed), "{jwk}, byte {at}");
            }
            assert!(!key.verify_signature(message.as_bytes(), &[]), "{jwk}");
            let longer = [&signature[..], &[0]].concat();
            assert!(!key.verify_signature(message.as_bytes(), &longer), "{jwk}");
        }
    }

    #[test]
    fn claims_are_validated() {
        let good = json!({ "sub": "u", "iss": "i", "aud": "a", "exp": NOW });
        let valid = |claims: &Value| {
            Claims::parse(claims.to_string().as_bytes())
                .is_some_and(|claims| claims.are_valid("i", "a", NOW))
        };
        let with = |name: &str, value: Value| {
            let mut claims = good.clone();
            claims[name] = value;
            claims
        };
        for (name, value) in [
            ("sub", json!("u")),
            ("iss", json!(["i", "x"])),
            ("aud", json!(["x", "a"])),
            ("exp", json!(NOW - 30)),
            ("exp", json!(999_969.5)),
            ("exp", json!(u64::MAX)),
            ("nbf", json!(0)),
            ("nbf", json!(NOW + 30)),
            ("nbf", json!(1_000_030.4)),
            ("other", json!({ "exp": 0 })),
        ] {
            assert!(valid(&with(name, value.clone())), "{name}: {value}");
        }
        for (name, value) in [
            ("sub", json!("")),
            ("sub", json!(7)),
            ("iss", json!("I")),
            ("iss", json!([])),
            ("iss", json!(["x", ["i"]])),
            ("aud", json!("a ")),
            ("aud", json!(["x"])),
            ("exp", json!(NOW - 31)),
            ("exp", json!(999_969.4)),
            ("exp", json!(-1)),
            ("exp", json!(1e300)),
            ("exp", json!("1000000")),
            ("nbf", json!(NOW + 31)),
            ("nbf", json!(-1)),
            ("nbf", json!("0")),
            ("nbf", Value::Null),
        ] {
            assert!(!valid(&with(name, value.clone())), "{name}: {value}");
        }
        for name in ["sub", "iss", "aud", "exp"] {
            let mut claims = good.clone();
            claims.as_object_mut().unwrap().remove(name);
            assert!(!valid(&claims), "without {name}");
            assert!(!valid(&with(name, Value::Null)), "{name}: null");
        }
        assert!(!valid(&json!(["u", "i", "a", NOW, 0])));
        let twice = format!(r#"{{"sub":"u","iss":"i","aud":"a","exp":{NOW},"exp":{NOW}}}"#);
        assert!(Claims::parse(twice.as_bytes()).is_none());
    }

    #[test]
    fn short_secrets_are_rejected() {
        let error = Jwt::with_key(JwtAlgorithm::Hs256, &[b'x'; 31], "i", "a").unwrap_err();
        assert_eq!(error.to_string(), "expected an HS256 secret of 32 bytes or more");
        assert!(Jwt::with_key(JwtAlgorithm::Hs256, &[b'x'; 32], "i", "a").is_ok());
    }
}
