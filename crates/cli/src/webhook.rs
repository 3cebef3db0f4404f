//! Delivery of invitations.

use crate::exit::CliError;
use scieve_users::{Invitation, MailError, Mailer};
use serde_json::json;
use std::time::Duration;
use ureq::Agent;
use ureq::http::Uri;

const TIMEOUT: Duration = Duration::from_secs(5);

/// Logs each invitation instead of sending a mail.
pub(crate) struct LogMailer;

impl Mailer for LogMailer {
    fn send(&self, invitation: &Invitation<'_>) -> Result<(), MailError> {
        tracing::info!(user = invitation.user_id, language = invitation.language, "invited");
        Ok(())
    }
}

/// Posts each invitation to a service that sends the mail.
pub(crate) struct Webhook {
    agent: Agent,
    url: String,
    authorization: Option<String>,
}

impl Webhook {
    /// `token` is sent as a bearer token.
    pub(crate) fn new(url: &str, token: Option<&str>) -> Result<Self, CliError> {
        let is_valid = url.parse::<Uri>().is_ok_and(|uri| {
            matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some()
        });
        if !is_valid {
            return CliError::fail("`--invite-webhook`: expected an http or https URL");
        }
        let config = Agent::config_builder()
            .timeout_global(Some(TIMEOUT))
            .max_redirects(0)
            .user_agent(concat!("scieve/", env!("CARGO_PKG_VERSION")));
        Ok(Self {
            agent: config.build().new_agent(),
            url: url.to_owned(),
            authorization: token.map(|token| format!("Bearer {token}")),
        })
    }

    fn post(&self, invitation: &Invitation<'_>) -> Result<(), ureq::Error> {
        let body = json!({
            "tenantId": invitation.tenant,
            "userId": invitation.user_id,
            "email": invitation.email,
            "name": invitation.name,
            "language": invitation.language,
            "expires": invitation.expires,
        });
        let mut request = self.agent.post(&self.url).header("content-type", "application/json");
        if let Some(authorization) = &self.authorization {
            request = request.header("authorization", authorization);
        }
        request.send(body.to_string()).map(drop)
    }
}

impl Mailer for Webhook {
    fn send(&self, invitation: &Invitation<'_>) -> Result<(), MailError> {
        // Other requests continue on other threads.
        tokio::task::block_in_place(|| self.post(invitation)).map_err(|error| {
            tracing::warn!(user = invitation.user_id, %error, "the invitation webhook failed");
            MailError("the invitation service did not accept the invitation".into())
        })
    }
}
