import { plain } from '../../base/text.ts'

/**
 * A tenant's announcement that an API is deprecated or will be removed, for people; undefined if there is none. The headers come
 * from RFC 9745 (`deprecation: @seconds`), RFC 8594 (`sunset: date`), and `link` with more about it.
 */
export function deprecationText({ deprecation, sunset, link }: Record<string, string>): string | undefined {
  if (deprecation === undefined && sunset === undefined) return undefined
  const since = dayOf(deprecation)
  const until = dayOf(sunset)
  const when = [since && `deprecated since ${since}`, until && `removed on or after ${until}`].filter(Boolean)
  const address = addressIn(link ?? '')
  const more = address === undefined ? '' : ` More: ${address}`
  return `The tenant says that an API which this action uses is ${when.join(' and ') || 'deprecated'}: look for a newer version of the action.${more}`
}

/** `@1793491200`, or a date of HTTP, as a day. */
function dayOf(text: string | undefined): string | undefined {
  const [, seconds] = /^\s*@(\d{1,11})\s*$/.exec(text ?? '') ?? []
  const time = seconds === undefined ? Date.parse(text ?? '') : Number(seconds) * 1000
  return Number.isFinite(time) ? new Date(time).toISOString().slice(0, 10) : undefined
}

/** The link about the deprecation, or else the first link. */
function addressIn(link: string): string | undefined {
  const links = [...link.matchAll(/<(https:\/\/[^<>\s]{1,500})>([^<]*)/g)]
  const about = links.find(([, , parameters = '']) => /rel="?(deprecation|sunset|successor-version)/i.test(parameters))
  const [, address] = about ?? links[0] ?? []
  return address === undefined ? undefined : plain(address, 600)
}
