import sodium from 'libsodium-wrappers'

export type KeyPair = { publicKey: Uint8Array; privateKey: Uint8Array }

/** Sealing is WebAssembly that loads once; everything after it is synchronous. */
export async function sealReady(): Promise<void> {
  await sodium.ready
}

export function newKeyPair(): KeyPair {
  if (typeof sodium.crypto_box_keypair !== 'function') throw new Error('Call ready() before using the sandbox')
  const { publicKey, privateKey } = sodium.crypto_box_keypair()
  return { publicKey, privateKey }
}

/** The bytes inside a sealed box, or undefined when it was not sealed for this key. */
export function openSeal(box: Uint8Array, keys: KeyPair): Uint8Array | undefined {
  try {
    return sodium.crypto_box_seal_open(box, keys.publicKey, keys.privateKey)
  } catch {
    return undefined
  }
}
