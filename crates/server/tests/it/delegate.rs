//! Stores for tests that change some operations of a store in memory.

/// Implements methods of `UserStore` by calling those of a field.
macro_rules! delegate {
    ($field:tt: $($method:ident)*) => {
        $(crate::delegate::delegate!(@$method $field);)*
    };
    (@list $field:tt) => {
        async fn list(
            &self,
            tenant: &str,
            query: &scieve_users::Query<'_>,
        ) -> Result<scieve_users::Page, scieve_users::StoreError> {
            self.$field.list(tenant, query).await
        }
    };
    (@get_by_subject $field:tt) => {
        async fn get_by_subject(
            &self,
            tenant: &str,
            subject: &str,
        ) -> Result<std::sync::Arc<scieve_users::User>, scieve_users::StoreError> {
            self.$field.get_by_subject(tenant, subject).await
        }
    };
    (@create $field:tt) => {
        async fn create(
            &self,
            tenant: &str,
            user: scieve_users::NewUser,
        ) -> Result<std::sync::Arc<scieve_users::User>, scieve_users::StoreError> {
            self.$field.create(tenant, user).await
        }
    };
    (@get $field:tt) => {
        async fn get(
            &self,
            tenant: &str,
            id: &str,
        ) -> Result<std::sync::Arc<scieve_users::User>, scieve_users::StoreError> {
            self.$field.get(tenant, id).await
        }
    };
    (@patch_if $field:tt) => {
        async fn patch_if(
            &self,
            tenant: &str,
            id: &str,
            operations: &[scieve_users::Operation],
            precondition: &scieve_users::Precondition,
        ) -> Result<scieve_users::Patched, scieve_users::StoreError> {
            self.$field.patch_if(tenant, id, operations, precondition).await
        }
    };
    (@delete_if $field:tt) => {
        async fn delete_if(
            &self,
            tenant: &str,
            id: &str,
            precondition: &scieve_users::Precondition,
        ) -> Result<(), scieve_users::StoreError> {
            self.$field.delete_if(tenant, id, precondition).await
        }
    };
    (@count $field:tt) => {
        async fn count(&self, tenant: &str) -> Result<u64, scieve_users::StoreError> {
            self.$field.count(tenant).await
        }
    };
    (@invite $field:tt) => {
        async fn invite(
            &self,
            tenant: &str,
            invitees: &[scieve_users::Invitee],
            mailer: &dyn scieve_users::Mailer,
        ) -> Result<Vec<scieve_users::InviteResult>, scieve_users::StoreError> {
            self.$field.invite(tenant, invitees, mailer).await
        }
    };
    (@roles $field:tt) => {
        async fn roles(
            &self,
            tenant: &str,
        ) -> Result<Vec<scieve_users::Role>, scieve_users::StoreError> {
            self.$field.roles(tenant).await
        }
    };
    (@groups $field:tt) => {
        async fn groups(
            &self,
            tenant: &str,
        ) -> Result<Vec<scieve_users::Group>, scieve_users::StoreError> {
            self.$field.groups(tenant).await
        }
    };
    (@check_ready $field:tt) => {
        async fn check_ready(&self) -> Result<(), scieve_users::StoreError> {
            self.$field.check_ready().await
        }
    };
    (@load $field:tt) => {
        async fn load(
            &self,
            tenant: &str,
            roles: Vec<scieve_users::Role>,
            groups: Vec<scieve_users::Group>,
            users: Vec<scieve_users::User>,
        ) -> Result<(), scieve_users::StoreError> {
            self.$field.load(tenant, roles, groups, users).await
        }
    };
}
pub(crate) use delegate;
