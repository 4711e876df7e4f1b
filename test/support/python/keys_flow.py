"""The life of keys through the official SDK; prints what it saw, to compare with sdk-expectations.ts."""

import hashlib
import json

from azure.keyvault.keys import (
    JsonWebKey,
    KeyClient,
    KeyCurveName,
    KeyRotationLifetimeAction,
    KeyRotationPolicy,
    KeyRotationPolicyAction,
)
from azure.keyvault.keys.crypto import EncryptionAlgorithm, KeyWrapAlgorithm, SignatureAlgorithm
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from session import credential, status_of, vault_url

client = KeyClient(vault_url=vault_url, credential=credential)
result = {}


def bytes_of(number):
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


def cryptography_for(name):
    return client.get_cryptography_client(name)


made = client.create_rsa_key("rsa", size=2048, tags={"team": "shop"})
curve = client.create_ec_key("ec", curve=KeyCurveName.p_256)
result["sizeBits"] = 8 * len(made.key.n)
result["curve"] = curve.key.crv

own = rsa.generate_private_key(public_exponent=65537, key_size=2048)
numbers = own.private_numbers()
public = numbers.public_numbers
jwk = JsonWebKey(
    kty="RSA",
    key_ops=["sign", "verify"],
    n=bytes_of(public.n),
    e=bytes_of(public.e),
    d=bytes_of(numbers.d),
    p=bytes_of(numbers.p),
    q=bytes_of(numbers.q),
    dp=bytes_of(numbers.dmp1),
    dq=bytes_of(numbers.dmq1),
    qi=bytes_of(numbers.iqmp),
)
imported = client.import_key("imported", jwk)
result["imported"] = imported.key.n == bytes_of(public.n) and imported.key.d is None

data = b"what is signed"
digest = hashlib.sha256(data).digest()
other = hashlib.sha256(b"what is not signed").digest()
of_imported = cryptography_for("imported").sign(SignatureAlgorithm.rs256, digest).signature
of_curve = cryptography_for("ec").sign(SignatureAlgorithm.es256, digest).signature


def is_signed(asked):
    return [
        cryptography_for("imported").verify(SignatureAlgorithm.rs256, asked, of_imported).is_valid,
        cryptography_for("ec").verify(SignatureAlgorithm.es256, asked, of_curve).is_valid,
    ]


def is_signed_by_own():
    try:
        own.public_key().verify(of_imported, data, padding.PKCS1v15(), hashes.SHA256())
        return True
    except InvalidSignature:
        return False


result["signed"] = all([*is_signed(digest), is_signed_by_own()])
result["forged"] = any(is_signed(other))
user = cryptography_for("rsa")
encrypted = user.encrypt(EncryptionAlgorithm.rsa_oaep_256, data).ciphertext
decrypted = user.decrypt(EncryptionAlgorithm.rsa_oaep_256, encrypted).plaintext
result["decrypted"] = decrypted == data and encrypted != data
wrapped = user.wrap_key(KeyWrapAlgorithm.rsa_oaep, data).encrypted_key
result["unwrapped"] = user.unwrap_key(KeyWrapAlgorithm.rsa_oaep, wrapped).key == data

rotated = client.rotate_key("rsa")
result["rotated"] = (
    rotated.properties.version != made.properties.version and rotated.properties.tags["team"] == "shop"
)
result["versions"] = len(list(client.list_properties_of_key_versions("rsa")))
action = KeyRotationLifetimeAction(KeyRotationPolicyAction.rotate, time_after_create="P30D")
client.update_key_rotation_policy("rsa", KeyRotationPolicy(), lifetime_actions=[action], expires_in="P90D")
result["expiresIn"] = client.get_key_rotation_policy("rsa").expires_in
result["operations"] = client.update_key_properties("rsa", key_operations=["verify"]).key_operations
result["listed"] = sorted(each.name for each in client.list_properties_of_keys())

backup = client.backup_key("rsa")
client.begin_delete_key("rsa").result()
result["afterDelete"] = status_of(lambda: client.get_key("rsa"))
result["nameTaken"] = status_of(lambda: client.create_rsa_key("rsa"))
result["deleted"] = [each.name for each in client.list_deleted_keys()]
client.begin_recover_deleted_key("rsa").wait()
result["recovered"] = client.get_key("rsa").key.n == rotated.key.n
client.begin_delete_key("rsa").wait()
client.purge_deleted_key("rsa")
result["purged"] = status_of(lambda: client.get_deleted_key("rsa"))
client.restore_key_backup(backup)
result["restored"] = client.get_key("rsa").key.n == rotated.key.n
print(json.dumps(result))
