//! JSON web tokens (RFC 7519).

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, JwkSet};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde::Deserialize;
use std::fmt;

/// Which tokens are good: signed with one of the keys, from the issuer, for the audience, and not expired.
///
/// A token never chooses its algorithm: each key has one, and no token of another is looked at, nor one of more than 8 KiB, nor one
/// with extensions that must be understood.
pub struct Jwt {
    keys: Vec<Key>,
    issuer: String,
    audience: String,
}

struct Key {
    id: Option<String>,
    algorithm: Algorithm,
    key: DecodingKey,
}

/// The algorithm of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum JwtAlgorithm {
    /// HMAC with SHA-256; the key is the secret itself, 32 bytes at least.
    Hs256,
    /// RSASSA-PKCS1-v1_5 with SHA-256; the key is a public key as PEM.
    Rs256,
    /// ECDSA with P-256 and SHA-256; the key is a public key as PEM.
    Es256,
}

/// A key or setting for tokens that cannot be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct JwtError(String);

impl JwtError {
    fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

/// RFC 7518 section 3.2.
const SECRET_BYTES: usize = 32;
/// A longer token is not looked at.
const TOKEN_BYTES: usize = 8192;
/// What clocks may differ by, in seconds.
const LEEWAY: u64 = 30;

#[derive(Deserialize)]
struct Claims {
    sub: String,
}

impl Jwt {
    /// Tokens signed with one key.
    ///
    /// # Errors
    /// A key that is none of that algorithm, a secret that is too short, an empty issuer or audience.
    pub fn with_key(
        algorithm: JwtAlgorithm,
        key: &[u8],
        issuer: &str,
        audience: &str,
    ) -> Result<Self, JwtError> {
        let unfit = |_| JwtError::new("the JWT key is no key of that algorithm");
        let (algorithm, key) = match algorithm {
            JwtAlgorithm::Hs256 => (Algorithm::HS256, secret(key)?),
            JwtAlgorithm::Rs256 => {
                (Algorithm::RS256, DecodingKey::from_rsa_pem(key).map_err(unfit)?)
            }
            JwtAlgorithm::Es256 => {
                (Algorithm::ES256, DecodingKey::from_ec_pem(key).map_err(unfit)?)
            }
        };
        Self::with_keys(vec![Key { id: None, algorithm, key }], issuer, audience)
    }

    /// Tokens signed with a key of a JSON web key set (RFC 7517). Keys that are not for signatures, or of other algorithms than
    /// HS256, RS256 and ES256, are passed over.
    ///
    /// # Errors
    /// Text that is no key set, a set without a usable key, a secret that is too short, an empty issuer or audience.
    pub fn with_key_set(json: &str, issuer: &str, audience: &str) -> Result<Self, JwtError> {
        let set: JwkSet = serde_json::from_str(json)
            .map_err(|error| JwtError::new(format!("no JSON web key set: {error}")))?;
        let mut keys = Vec::new();
        for jwk in &set.keys {
            if let Some(algorithm) = algorithm(jwk) {
                let key = DecodingKey::from_jwk(jwk)
                    .map_err(|error| JwtError::new(format!("a bad JSON web key: {error}")))?;
                if algorithm == Algorithm::HS256 {
                    secret(key.try_get_as_bytes().unwrap_or_default())?;
                }
                keys.push(Key { id: jwk.common.key_id.clone(), algorithm, key });
            }
        }
        Self::with_keys(keys, issuer, audience)
    }

    fn with_keys(keys: Vec<Key>, issuer: &str, audience: &str) -> Result<Self, JwtError> {
        if keys.is_empty() {
            return Err(JwtError::new("no JSON web key for HS256, RS256 or ES256"));
        }
        if issuer.is_empty() || audience.is_empty() {
            return Err(JwtError::new("JWTs need an issuer and an audience"));
        }
        Ok(Self { keys, issuer: issuer.into(), audience: audience.into() })
    }

    /// The subject of a good token.
    pub(super) fn subject(&self, token: &str) -> Option<String> {
        if token.len() > TOKEN_BYTES {
            return None;
        }
        let header = decode_header(token).ok()?;
        // Extensions that must be understood are not (RFC 7515 section 4.1.11).
        if header.crit.is_some() {
            return None;
        }
        let fits = |key: &&Key| match (&key.id, &header.kid) {
            (Some(known), Some(named)) => known == named,
            _ => true,
        };
        let claims = self.keys.iter().filter(fits).find_map(|key| {
            let mut validation = Validation::new(key.algorithm);
            validation.set_issuer(&[&self.issuer]);
            validation.set_audience(&[&self.audience]);
            validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
            validation.validate_nbf = true;
            validation.leeway = LEEWAY;
            decode::<Claims>(token, &key.key, &validation).ok()
        })?;
        Some(claims.claims.sub).filter(|subject| !subject.is_empty())
    }
}

/// Keys are left out.
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
        return Err(JwtError::new(format!("a secret for HS256 has {SECRET_BYTES} bytes at least")));
    }
    Ok(DecodingKey::from_secret(key))
}

/// What a key of a set is for: what it says, else what its type has.
fn algorithm(jwk: &Jwk) -> Option<Algorithm> {
    use jsonwebtoken::jwk::{KeyAlgorithm, PublicKeyUse};
    if jwk.common.public_key_use.as_ref().is_some_and(|usage| *usage != PublicKeyUse::Signature) {
        return None;
    }
    let own = match &jwk.algorithm {
        AlgorithmParameters::OctetKey(_) => Algorithm::HS256,
        AlgorithmParameters::RSA(_) => Algorithm::RS256,
        AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => {
            Algorithm::ES256
        }
        _ => return None,
    };
    match (jwk.common.key_algorithm, own) {
        (None, own)
        | (Some(KeyAlgorithm::HS256), own @ Algorithm::HS256)
        | (Some(KeyAlgorithm::RS256), own @ Algorithm::RS256)
        | (Some(KeyAlgorithm::ES256), own @ Algorithm::ES256) => Some(own),
        _ => None,
    }
}
