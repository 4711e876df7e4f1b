"""The life of a secret through the official SDK; prints what it saw, to compare with sdk-expectations.ts."""

import json

from azure.keyvault.secrets import SecretClient
from session import credential, status_of, value, vault_url

client = SecretClient(vault_url=vault_url, credential=credential)
result = {}

created = client.set_secret("db", value, content_type="text/plain", tags={"team": "shop"})
version = created.properties.version
result["version"] = version
result["read"] = client.get_secret("db").value == value
client.update_secret_properties("db", version, content_type="text/html")
client.update_secret_properties("db", enabled=False)
result["disabled"] = status_of(lambda: client.get_secret("db"))
client.update_secret_properties("db", enabled=True)
client.set_secret("db", "second")
first = client.get_secret("db", version).properties
result["contentTypeOfFirst"] = first.content_type
result["tag"] = first.tags["team"]
result["versions"] = len(list(client.list_properties_of_secret_versions("db")))
for index in range(30):
    client.set_secret(f"page-{index}", "x")
result["listed"] = len(list(client.list_properties_of_secrets()))
backup = client.backup_secret("db")
client.begin_delete_secret("db").result()
result["afterDelete"] = status_of(lambda: client.get_secret("db"))
result["nameTaken"] = status_of(lambda: client.set_secret("db", "x"))
result["deleted"] = [each.name for each in client.list_deleted_secrets()]
client.begin_recover_deleted_secret("db").wait()
result["recovered"] = client.get_secret("db").value
client.begin_delete_secret("db").wait()
client.purge_deleted_secret("db")
result["purged"] = status_of(lambda: client.get_deleted_secret("db"))
client.restore_secret_backup(backup)
result["restored"] = client.get_secret("db").value
print(json.dumps(result))
