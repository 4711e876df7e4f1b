"""The life of certificates through the official SDK; prints what it saw, to compare with sdk-expectations.ts."""

import datetime
import json

from azure.keyvault.certificates import CertificateClient, CertificatePolicy, KeyType
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from session import credential, status_of, vault_url

client = CertificateClient(vault_url=vault_url, credential=credential)
result = {}


def policy(months):
    return CertificatePolicy(
        issuer_name="Self",
        subject="CN=shop.example",
        san_dns_names=["shop.example", "www.shop.example"],
        key_type=KeyType.ec,
        key_curve_name="P-256",
        validity_in_months=months,
    )


def create():
    poller = client.begin_create_certificate("web", policy(6), tags={"team": "shop"})
    return poller.result()


def own_file():
    """A key with its certificate as PKCS#12 with a password, and the certificate itself."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "own.example")])
    now = datetime.datetime.now(datetime.timezone.utc)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    hour = datetime.timedelta(hours=1)
    certificate = builder.not_valid_before(now - hour).not_valid_after(now + hour).sign(key, hashes.SHA256())
    encryption = serialization.BestAvailableEncryption(b"word")
    file = pkcs12.serialize_key_and_certificates(b"own", key, certificate, None, encryption)
    return file, certificate.public_bytes(serialization.Encoding.DER)


made = create()
result["status"] = client.get_certificate_operation("web").status
leaf = x509.load_der_x509_certificate(bytes(made.cer))
result["subject"] = leaf.subject.rfc4514_string().removeprefix("CN=")
names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
result["dnsNames"] = names.get_values_for_type(x509.DNSName)
leaf.verify_directly_issued_by(leaf)
result["selfSigned"] = True
result["tag"] = made.properties.tags["team"]
newest = create()
result["versions"] = len(list(client.list_properties_of_certificate_versions("web")))
client.update_certificate_policy("web", policy(24))
result["months"] = client.get_certificate_policy("web").validity_in_months
result["newTag"] = client.update_certificate_properties("web", tags={"team": "pay"}).properties.tags["team"]
file, own = own_file()
result["imported"] = bytes(client.import_certificate("imported", file, password="word").cer) == own
result["listed"] = sorted(each.name for each in client.list_properties_of_certificates())

backup = client.backup_certificate("web")
client.begin_delete_certificate("web").result()
result["afterDelete"] = status_of(lambda: client.get_certificate("web"))
result["nameTaken"] = status_of(create)
result["deleted"] = [each.name for each in client.list_deleted_certificates()]
client.begin_recover_deleted_certificate("web").wait()
result["recovered"] = client.get_certificate("web").cer == newest.cer
client.begin_delete_certificate("web").wait()
client.purge_deleted_certificate("web")
result["purged"] = status_of(lambda: client.get_deleted_certificate("web"))
client.restore_certificate_backup(backup)
result["restored"] = client.get_certificate("web").cer == newest.cer
print(json.dumps(result))
