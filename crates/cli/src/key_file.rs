//! A file with the hashes of API keys.

use crate::exit::CliError;
use scieve_server::Credentials;
use scieve_users::User;
use std::path::Path;

/// The word for an administrator in place of the id of a user.
const ADMINISTRATOR: &str = "administrator";

/// Adds the keys of a file: a line for each, with the SHA-256 hash of the key in hexadecimal digits
/// and the id of the user, or `administrator`. `#` starts a comment.
pub(crate) fn read(
    path: &Path,
    mut credentials: Credentials,
    administrator: &User,
) -> Result<Credentials, CliError> {
    let name = path.display().to_string();
    let text =
        std::fs::read_to_string(path).map_err(|error| CliError::cannot_read(&name, &error))?;
    for (index, line) in text.lines().enumerate() {
        let line = line.split('#').next().unwrap_or_default();
        let mut words = line.split_whitespace();
        let Some(hash) = words.next() else { continue };
        let (Some(hash), Some(user), None) = (parse_hash(hash), words.next(), words.next()) else {
            // The line may contain a key by mistake.
            return CliError::fail(format!(
                "`{name}`, line {}: expected a SHA-256 hash in hexadecimal digits and the id of a \
                 user or `{ADMINISTRATOR}`",
                index + 1
            ));
        };
        credentials = match user {
            ADMINISTRATOR => credentials.administrator_key_hash(hash, administrator.clone()),
            user => credentials.key_hash(hash, administrator.tenant_id.as_str(), user),
        };
    }
    Ok(credentials)
}

fn parse_hash(digits: &str) -> Option<[u8; 32]> {
    let mut hash = [0; 32];
    if digits.len() != 2 * hash.len() || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    for (index, byte) in hash.iter_mut().enumerate() {
        *byte = u8::from_str_radix(digits.get(2 * index..2 * index + 2)?, 16).ok()?;
    }
    Some(hash)
}

#[cfg(test)]
mod tests {
    use super::parse_hash;

    #[test]
    fn hashes_are_parsed() {
        let digits = format!("00ff{}", "aB".repeat(30));
        assert_eq!(parse_hash(&digits).map(|hash| hash[..3].to_vec()), Some(vec![0, 0xff, 0xab]));
        for bad in ["", "00", &"g".repeat(64), &"0".repeat(63), &"0".repeat(65), &"+1".repeat(32)] {
            assert_eq!(parse_hash(bad), None, "{bad}");
        }
    }
}
