import { ActionError } from '../../base/errors.ts'

/**
 * Encrypts a value for the holder of a public key, in GitHub's format: a libsodium sealed box in standard base64
 * (docs.github.com, "Encrypting secrets for the REST API"). Throws `GITHUB_UNEXPECTED` if the key is not valid.
 */
export async function encryptSecret(value: string, publicKey: string): Promise<string> {
  const { default: sodium } = await import('libsodium-wrappers')
  await sodium.ready
  try {
    const key = sodium.from_base64(publicKey, sodium.base64_variants.ORIGINAL)
    return sodium.to_base64(sodium.crypto_box_seal(sodium.from_string(value), key), sodium.base64_variants.ORIGINAL)
  } catch (cause) {
    throw new ActionError(
      'GITHUB_UNEXPECTED',
      'encrypting the secret: GitHub’s answer has no valid public key',
      'Report this: nothing was delivered.',
      { cause },
    )
  }
}
