import { defaultSettings, type Settings } from '../sandbox/settings.ts'
import { markdown } from '../src/base/markdown.ts'
import type { Answered, Probe } from './run.ts'

export type About = { version: string; date: string; node: string; signedInBy: 'api-key' | 'client' }

const isLocal = (host: string) => /^(127\.|localhost)/.test(host)

/** A report for a public issue: Markdown without secrets, ids, and names of the tenant or of people. */
export function report(probe: Probe, about: About): string {
  const quiet = (text: string) => unnamed(text, probe)
  const told = probe.answers.filter(({ untold }) => untold === undefined)
  const region = probe.hosts[0]!.split('.').at(-3)
  const who = about.signedInBy === 'api-key' ? 'an API key' : 'an OAuth client'
  const others = differing(probe.answers).map(([name, value]) => `${name}: ${literal(value, quiet)},`)
  const lines = [
    '### What a Qlik Cloud tenant answered',
    '',
    `- qlik-oauth-client ${about.version}, ${about.date}, Node ${about.node}`,
    `- ${isLocal(probe.hosts[0]!) ? 'a sandbox' : `region ${region}`}, by ${who}`,
    `- ${told.length} of ${probe.answers.length} questions answered by ${probe.requests} requests in ${probe.seconds} s${probe.stopped ? '; it was stopped' : ''}`,
    `- ${probe.left.length === 0 ? 'all clients of the probe are removed' : `left behind: ${probe.left.length}, named in the terminal`}; bot users that it leaves: ${probe.bots}`,
    '',
    '| | question | what was seen | setting |',
    '|---|---|---|---|',
    ...probe.answers.map((answer) => row(answer, quiet)),
    '',
    ...(others.length === 0
      ? ['All its answers match the defaults of the sandbox.', '']
      : ['As settings of the sandbox, if they differ from its defaults:', '', '```ts', ...others, '```', '']),
  ]
  return lines.join('\n')
}

function row({ fact, reads, settings = {}, untold }: Answered, quiet: (text: string) => string): string {
  const [mark, text] = untold === undefined ? ['✓', reads ?? ''] : ['?', `not told: ${untold}`]
  const named = Object.entries(settings).map(([name, value]) => `\`${name}: ${literal(value, quiet)}\``)
  // A switch without an answer is listed all the same, as open.
  const open = fact.settings.filter((name) => !(name in settings)).map((name) => `\`${name}\` open`)
  // `code` spans in our own questions; a tenant's words are shown literally.
  return `| ${mark} | ${fact.question} | ${markdown(quiet(text))} | ${[...named, ...open].join(', ')} |`
}

function differing(answers: Answered[]): [string, unknown][] {
  return answers
    .flatMap(({ settings = {} }) => Object.entries(settings))
    .filter(([name, value]) => defaultSettings[name as keyof Settings] !== value)
}

function literal(value: unknown, quiet: (text: string) => string): string {
  if (typeof value !== 'string') return String(value)
  return `'${quiet(value).replace(/[^\w .:/<>…-]/g, '')}'`
}

/** Removes names, ids and credentials, even if the tenant's words quote them. */
function unnamed(text: string, { unspeakable, hosts }: Probe): string {
  let quiet = text
  for (const word of [...unspeakable].sort((a, b) => b.length - a.length)) quiet = quiet.replaceAll(word, '<secret>')
  for (const host of hosts) {
    quiet = quiet.replaceAll(host, '<tenant>')
    const [label = ''] = host.split('.')
    if (!isLocal(host) && label.length > 2) quiet = quiet.replace(new RegExp(`\\b${label}\\b`, 'gi'), '<tenant>')
  }
  return quiet.replace(/[^\s@<]+@[^\s@]+\.\w+/g, '<address>').replace(/(?=[\w-]*\d)[\w-]{16,}(\.[\w-]+)*/g, '<id>')
}
