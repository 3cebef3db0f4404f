"""Uses a SCIM server through scim2-client and the models of scim2-models, as an application would.

    models_client.py URL
"""
import sys
from httpx2 import Client
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_models import PatchOp, PatchOperation, SCIMException, SearchRequest

client = SyncSCIMClient(Client(base_url=sys.argv[1]))
client.discover()
User, Group = client.get_resource_model("User"), client.get_resource_model("Group")

user = client.create(User(user_name="client@x.example", display_name="C", emails=[User.Emails(value="c@x.example", type="work")]))
assert client.query(User, user.id).emails[0].value == "c@x.example"
try:
    client.create(User(user_name="CLIENT@x.example"))
    raise AssertionError("the user name was given twice")
except SCIMException:
    pass

user.display_name = "D"
assert client.replace(user).display_name == "D"
operation = PatchOperation(op=PatchOperation.Op.replace_, path="title", value="T")
client.modify(User, user.id, PatchOp[User](operations=[operation]))
assert client.query(User, user.id).title == "T"

found = client.query(User, query_parameters=SearchRequest(filter='emails[type eq "work"] and title eq "t"', count=1))
assert (found.total_results, found.resources[0].id) == (1, user.id)
assert client.search(SearchRequest(filter='userName eq "client@x.example"')).total_results == 1

group = client.create(Group(display_name="G", members=[Group.Members(value=user.id)]))
assert client.query(Group, group.id).members[0].value == user.id
client.delete(Group, group.id)
client.delete(User, user.id)
try:
    client.query(User, user.id)
    raise AssertionError("the user was not deleted")
except SCIMException:
    pass
print("scim2-client: all requests answered as expected")
