//! `scieve rescue`: makes a user an active administrator.

use crate::exit::{CliError, ExitStatus};
use crate::output::Output;
use crate::seed::TENANT;
use scieve_users::{
    ADMINISTRATOR_ROLE, Operation, Role, SqlOptions, SqlStore, StoreError, SystemRole, UserStore,
};
use serde_json::json;

/// Make a user an active administrator, if a tenant has no usable administrator
#[derive(clap::Args)]
#[command(after_help = "\
Example:
  scieve rescue --store sqlite:users.db --subject 'auth0|1234'

The user becomes active and gets the role TenantAdmin. A server may use the store meanwhile.
Exit status: 0 success, 2 wrong usage or no such user")]
pub(crate) struct Rescue {
    /// Store: `sqlite:FILE`, `postgres://...` or `mysql://...`
    #[arg(long, value_name = "STORE", env = "SCIEVE_STORE", hide_env_values = true)]
    store: String,
    /// Tenant id
    #[arg(long, value_name = "ID", env = "SCIEVE_TENANT", default_value = TENANT, hide_default_value = true)]
    tenant: String,
    #[command(flatten)]
    user: UserName,
}

#[derive(clap::Args)]
#[group(required = true, multiple = false)]
struct UserName {
    /// Id of the user
    #[arg(long = "user", value_name = "ID")]
    id: Option<String>,
    /// Subject of the user
    #[arg(long, value_name = "SUBJECT")]
    subject: Option<String>,
}

impl Rescue {
    pub(crate) fn run(&self, output: &mut Output) -> Result<ExitStatus, CliError> {
        let id = super::serve::runtime()?.block_on(async {
            let opened = SqlStore::connect(&self.store, SqlOptions::default()).await;
            let store = opened.map_err(|error| CliError::Failed(format!("`--store`: {error}")))?;
            let rescued = self.rescue(&store).await;
            store.close().await;
            rescued.map_err(|error| match error {
                StoreError::NotFound => CliError::Failed(format!(
                    "the tenant `{}` has no such user, or the user was deleted",
                    self.tenant
                )),
                error => CliError::Failed(error.to_string()),
            })
        })?;
        output.line(&format!("{id} is an active administrator"))?;
        Ok(ExitStatus::Success)
    }

    /// Returns the id of the user.
    async fn rescue(&self, store: &SqlStore) -> Result<String, StoreError> {
        let user = match (&self.user.id, &self.user.subject) {
            (Some(id), _) => store.get(&self.tenant, id).await?,
            (None, Some(subject)) => store.get_by_subject(&self.tenant, subject).await?,
            (None, None) => return Err(StoreError::NotFound),
        };
        let roles = store.roles(&self.tenant).await?;
        if !roles.iter().any(|role| role.name == ADMINISTRATOR_ROLE) {
            let role = SystemRole::named(ADMINISTRATOR_ROLE).copied().map(Role::from);
            store.load(&self.tenant, role.into_iter().collect(), Vec::new(), Vec::new()).await?;
        }
        let operations = Operation::parse_all(&json!([
            { "op": "replace", "path": "/status", "value": "active" },
            { "op": "add", "path": "/assignedRoles", "value": [{ "name": ADMINISTRATOR_ROLE }] },
        ]))?;
        store.patch(&self.tenant, &user.id, &operations).await?;
        Ok(user.id.clone())
    }
}
