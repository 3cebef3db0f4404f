"""Filters for the format `scim-filter`, and cursors."""

import schemathesis
from hypothesis import strategies as st

texts = st.text(st.characters(min_codepoint=32, max_codepoint=0x24F, exclude_characters='"\\\x7f'), max_size=8).map(lambda text: f'"{text}"')
attributes = st.sampled_from(["id", "subject", "name", "email", "clientId", "assignedRoles.name", "assignedGroups.id", "assignedScopes"])
equal = st.builds("{} eq {}".format, attributes, texts)
contains = st.builds("{} co {}".format, st.sampled_from(["name", "email", "subject"]), texts)
clauses = st.recursive(equal | contains, lambda inner: st.builds("({} {} {})".format, inner, st.sampled_from(["and", "or"]), inner), max_leaves=5)
status = st.sampled_from(["", ' and status eq "active"', ' and (status eq "active" or status eq "deleted")'])

schemathesis.openapi.format("scim-filter", st.builds("{}{}".format, clauses, status))
schemathesis.openapi.format("cursor", st.sampled_from(["62716ab404a7bd8626af9bd6", "626949b9017b657805080bbd"]))
