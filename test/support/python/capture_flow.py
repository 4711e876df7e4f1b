"""An application as people write it, with the real host names; the arguments are tenant, client, secret and value."""

import json
import sys

from azure.identity import ClientSecretCredential
from azure.keyvault.secrets import SecretClient

tenant_id, client_id, client_secret, value = sys.argv[1:]
credential = ClientSecretCredential(tenant_id, client_id, client_secret)
client = SecretClient(vault_url="https://python.vault.azure.net", credential=credential)
client.set_secret("db", value)
read = client.get_secret("db")
print(json.dumps({"read": read.value == value, "host": read.id.split("/")[2]}))
