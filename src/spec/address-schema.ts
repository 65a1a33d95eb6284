import * as z from 'zod/mini'
import { isPrintable } from '../base/text.ts'

// Qlik documents only lengths and numbers of addresses. So these checks refuse texts that can't be an address of the kind, and nothing
// else: http://localhost:3000 and the schemes of apps (myapp://callback) are addresses too.

/** Without `https://`, `localhost:3000` would be an address with the scheme `localhost`. */
const hostAndPort = /^[\w.-]+:\d+([/?#]|$)/

const isNoAddress = 'is not an address: it begins with a scheme, such as https://, and has no spaces'
const isNoOrigin =
  'is not an origin: that is a scheme, a host and perhaps a port, such as https://app.example, without a path'

function isAddress(text: string): boolean {
  return URL.canParse(text) && !/\s/.test(text) && !hostAndPort.test(text)
}

/** Browsers send an origin without a path, so no other one ever matches. A slash at its end is the same address. */
function isOrigin(text: string): boolean {
  if (!isAddress(text)) return false
  const { host, pathname, search, hash, username, password } = new URL(text)
  return host !== '' && [pathname.replace(/^\/$/, ''), search, hash, username, password].every((part) => part === '')
}

/** Other checks of a text report that it is empty, too long or unprintable: one slip gives one mistake. */
function unless(isReported: (text: string) => boolean, isRight: (text: string) => boolean, message: string) {
  return z.refine<string>((text) => isReported(text) || isRight(text), message)
}

/** An item of `redirect-uris` or `allowed-origins`; other checks cover its length and its characters. */
export function itemCheck(kind: 'address' | 'origin', longest: number) {
  const isReported = (text: string) => text === '' || text.length > longest || !isPrintable(text)
  return kind === 'origin' ? unless(isReported, isOrigin, isNoOrigin) : unless(isReported, isAddress, isNoAddress)
}

const longest = 2048

/** One address; an empty text clears it. */
export const addressSchema = z.string().check(
  z.maxLength(longest, `has at most ${longest} characters`),
  unless((text) => text === '' || text.length > longest, isAddress, isNoAddress),
)
