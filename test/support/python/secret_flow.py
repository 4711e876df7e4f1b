"""The whole life of a secret through the official SDK; the arguments are vault URL, authority, tenant, client, secret."""

import json
import sys

from azure.core.exceptions import HttpResponseError
from azure.identity import ClientSecretCredential
from azure.keyvault.secrets import SecretClient

vault_url, authority, tenant_id, client_id, client_secret, value = sys.argv[1:]
credential = ClientSecretCredential(
    tenant_id, client_id, client_secret, authority=authority, disable_instance_discovery=True
)
client = SecretClient(vault_url=vault_url, credential=credential)
result = {}


def status_of(call):
    try:
        call()
        return 200
    except HttpResponseError as error:
        return error.status_code


created = client.set_secret("py", value, content_type="text/plain", tags={"team": "shop"})
result["version"] = created.properties.version
result["read"] = client.get_secret("py").value == value
client.update_secret_properties("py", enabled=False)
result["disabled"] = status_of(lambda: client.get_secret("py"))
client.update_secret_properties("py", enabled=True)
client.set_secret("py", "second")
result["versions"] = len(list(client.list_properties_of_secret_versions("py")))
for index in range(30):
    client.set_secret(f"page-{index}", "x")
result["listed"] = len(list(client.list_properties_of_secrets()))
backup = client.backup_secret("py")
client.begin_delete_secret("py").result()
result["afterDelete"] = status_of(lambda: client.get_secret("py"))
result["nameTaken"] = status_of(lambda: client.set_secret("py", "x"))
result["deleted"] = [each.name for each in client.list_deleted_secrets()]
client.begin_recover_deleted_secret("py").wait()
result["recovered"] = client.get_secret("py").value
client.begin_delete_secret("py").wait()
client.purge_deleted_secret("py")
result["purged"] = status_of(lambda: client.get_deleted_secret("py"))
result["restored"] = client.restore_secret_backup(backup).name
print(json.dumps(result))
