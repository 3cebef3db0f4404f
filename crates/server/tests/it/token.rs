//! Signs tokens with ring, because no `jsonwebtoken` provider that can sign is linked.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use ring::rand::SystemRandom;
use ring::signature::{self, EcdsaKeyPair, RsaEncoding, RsaKeyPair};
use ring::{error::Unspecified, hmac};
use serde_json::Value;

pub(crate) fn encode(
    header: &Header,
    claims: &Value,
    key: &EncodingKey,
) -> Result<String, Unspecified> {
    let header_json = serde_json::to_vec(header).unwrap();
    let message = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(header_json),
        URL_SAFE_NO_PAD.encode(claims.to_string())
    );
    let signature = sign(header.alg, key.as_bytes(), message.as_bytes())?;
    Ok(format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

fn sign(algorithm: Algorithm, key: &[u8], message: &[u8]) -> Result<Vec<u8>, Unspecified> {
    let hmac =
        |algorithm| Ok(hmac::sign(&hmac::Key::new(algorithm, key), message).as_ref().to_vec());
    let rsa = |padding: &'static dyn RsaEncoding| {
        let pair = RsaKeyPair::from_der(key)?;
        let mut signature = vec![0; pair.public().modulus_len()];
        pair.sign(padding, &SystemRandom::new(), message, &mut signature)?;
        Ok(signature)
    };
    match algorithm {
        Algorithm::HS256 => hmac(hmac::HMAC_SHA256),
        Algorithm::HS384 => hmac(hmac::HMAC_SHA384),
        Algorithm::HS512 => hmac(hmac::HMAC_SHA512),
        Algorithm::RS256 => rsa(&signature::RSA_PKCS1_SHA256),
        Algorithm::RS384 => rsa(&signature::RSA_PKCS1_SHA384),
        Algorithm::RS512 => rsa(&signature::RSA_PKCS1_SHA512),
        Algorithm::PS256 => rsa(&signature::RSA_PSS_SHA256),
        Algorithm::ES256 => {
            let random = SystemRandom::new();
            let algorithm = &signature::ECDSA_P256_SHA256_FIXED_SIGNING;
            let pair = EcdsaKeyPair::from_pkcs8(algorithm, key, &random)?;
            Ok(pair.sign(&random, message)?.as_ref().to_vec())
        }
        _ => Err(Unspecified),
    }
}
