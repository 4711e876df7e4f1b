"""What every flow shares. The arguments are vault URL, authority, tenant, client, its secret, and a secret value."""

import sys

from azure.core.exceptions import HttpResponseError
from azure.identity import ClientSecretCredential

vault_url, authority, tenant_id, client_id, client_secret, value = sys.argv[1:]
credential = ClientSecretCredential(
    tenant_id, client_id, client_secret, authority=authority, disable_instance_discovery=True
)


def status_of(call):
    """200, or the status of the error that the SDK raises."""
    try:
        call()
        return 200
    except HttpResponseError as error:
        return error.status_code
