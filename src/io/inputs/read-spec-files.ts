import { isUtf8 } from 'node:buffer'
import { constants, glob, open, realpath, stat } from 'node:fs/promises'
import path from 'node:path'
import { didYouMean } from '../../base/did-you-mean.ts'
import type { Mistake, Position } from '../../base/errors.ts'
import { sortedMistakes } from '../../base/mistake-positions.ts'
import { plain } from '../../base/text.ts'
import { tooLongDescriptions } from '../../ledger/ledger-size.ts'
import { type CheckedFile, checkFile } from '../../spec/check-spec-file.ts'
import type { WrittenClient } from '../../spec/client-spec.ts'
import { checkAcrossClients } from '../../spec/cross-client-checks.ts'
import { patternComplaint, patternsOf } from './file-patterns.ts'
import { limitHeapGrowth } from './limit-heap-growth.ts'
import type { Problems } from './problems.ts'
import { readTenant } from './tenant-address.ts'
import { parseTree } from './yaml-tree.ts'

/** The step's inputs about spec files. */
export type SpecFileInputs = {
  /** Paths and patterns. */
  files: string
  only: string
  allowed: string[]
  workspace: string
  /** The running repository, `owner/name`. */
  here: string
  /** Origin of the input `tenant`; empty if it was left out. */
  tenant: string
  allowCustomHost: boolean
  /** A run works on one tenant. `mode: validate` sends no request. */
  oneTenant: boolean
  /** Is a text one of the step's own credentials, or does it look like one? */
  isCredential: (text: string) => boolean
}

export type SpecFile = { file: string; tenant: string; environment: string; clients: WrittenClient[] }

export type SpecInput = {
  files: SpecFile[]
  tenant: string
  /** The clients of this run, and the other clients of the files. */
  clients: WrittenClient[]
  others: WrittenClient[]
  /** At least one client has a destination. */
  delivers: boolean
  mistakes: Mistake[]
}

/** Two hundred clients, the maximum of a tenant, with twenty places each take about 600 KiB. */
const largest = 1_048_576
const mostFiles = 100
/** For all files together: the parser takes a second for about ten thousand mistakes in text that is not YAML. */
const largestAll = 2 * largest

/**
 * Reads and checks all files together. Mistakes in the files are returned as `mistakes`; mistakes in the inputs become problems.
 */
export async function readSpec(given: SpecFileInputs, problems: Problems): Promise<SpecInput> {
  // Several clients mean a run of minutes, and the largest amount of data that is read at once.
  limitHeapGrowth()
  const files = await readAll(await find(given, problems), given, problems)
  const { tenants, mistakes } = tenantsOf(files, given, problems)
  const tenantOf = (file: CheckedFile) => tenants.get(file) ?? ''
  const rules = { here: given.here, allowed: given.allowed, tenantOf }
  const wrong = sortedMistakes(
    [
      ...files.flatMap((file) => file.mistakes),
      ...mistakes,
      ...checkAcrossClients(files, rules),
      ...tooLongDescriptions(files, given.here),
    ],
    files.map(({ file }) => file),
  )
  const names = files.flatMap(({ drafts }) => drafts.flatMap(({ name }) => name ?? []))
  const chosen = chosenNames(given.only, names, problems)
  const all = files.flatMap((file) => file.clients)
  const clients = all.filter(({ name }) => chosen?.has(name) ?? true)
  return {
    files: files.map((file) => ({
      file: file.file,
      tenant: tenantOf(file),
      environment: file.environment,
      clients: file.clients.filter(({ name }) => chosen?.has(name) ?? true),
    })),
    tenant: [...tenants.values()].find(Boolean) ?? given.tenant,
    clients,
    others: all.filter((client) => !clients.includes(client)),
    delivers: clients.some(({ deliver }) => deliver.length > 0),
    mistakes: wrong,
  }
}

// --- finding ---------------------------------------------------------------------------------------------------------

type Found = { file: string; real: string }

/** Every file once: patterns in their order, files of a pattern by name. */
async function find({ files, workspace }: SpecFileInputs, problems: Problems): Promise<Found[]> {
  const base = await realpath(workspace || '.').catch(() => undefined)
  if (base === undefined) problems.add('GITHUB_WORKSPACE', 'is not a folder; the runner sets it')
  const patterns = patternsOf(files)
  if (patterns.length === 0) problems.add('spec-file', 'contains no path, only separators', files)
  const found = new Map<string, Found>()
  for (const [index, pattern] of base === undefined ? [] : patterns.entries()) {
    const refused = patternComplaint(pattern)
    const { matches, complaint } =
      refused === undefined ? await matching(pattern, workspace, base!) : { matches: [], complaint: refused }
    const which = patterns.length > 1 ? `item ${index + 1} ` : ''
    if (complaint !== undefined) problems.add('spec-file', `${which}${complaint}`, pattern)
    for (const match of matches) found.set(match.real, found.get(match.real) ?? match)
  }
  if (found.size > mostFiles) problems.add('spec-file', `matches more than ${mostFiles} files`)
  return [...found.values()].slice(0, mostFiles)
}

/** The files in the workspace that a pattern matches, after following links. Files outside are never examined. */
async function matching(
  pattern: string,
  workspace: string,
  base: string,
): Promise<{ matches: Found[]; complaint?: string }> {
  const leaves = (relative: string) => relative.split(/[\\/]/)[0] === '..' || path.isAbsolute(relative)
  // An absolute path may name the workspace as the runner does, or as it really is.
  const ways = path.isAbsolute(pattern)
    ? [path.relative(path.resolve(workspace), pattern), path.relative(base, pattern)]
    : [path.normalize(pattern)]
  const inside = ways.find((way) => !leaves(way))
  if (inside === undefined) return { matches: [], complaint: 'is outside of the workspace' }
  const isThere = await stat(path.join(base, inside)).then(
    () => true,
    () => false,
  )
  const names: string[] = isThere ? [inside] : []
  if (!isThere) {
    const exclude = (name: string) => ['.git', 'node_modules'].includes(path.basename(name))
    for await (const name of glob(inside, { cwd: base, exclude })) names.push(name)
  }
  const matches: Found[] = []
  for (const name of names.sort()) {
    const real = await realpath(path.join(base, name)).catch(() => undefined)
    if (real === undefined || leaves(path.relative(base, real)))
      return { matches, complaint: 'leads outside of the workspace, or to no file' }
    const isFile = (await stat(real)).isFile()
    // The output `matrix` passes names on to spec-file.
    if (/[\s,]/.test(name)) return { matches, complaint: `${plain(name)} has a space or comma in its name: rename it` }
    if (isFile) matches.push({ file: name.replaceAll('\\', '/'), real })
    else if (isThere) return { matches, complaint: `${plain(name)} is not a regular file` }
  }
  return matches.length > 0 ? { matches } : { matches, complaint: 'matches no file; was the repository checked out?' }
}

// --- reading ---------------------------------------------------------------------------------------------------------

async function readAll(found: Found[], { isCredential }: SpecFileInputs, problems: Problems): Promise<CheckedFile[]> {
  const texts = await Promise.all(found.map(async ({ file, real }) => ({ file, text: await readText(real) })))
  const size = texts.reduce((sum, { text }) => sum + (typeof text === 'string' ? text.length : 0), 0)
  if (size <= largestAll) return texts.map(({ file, text }) => checked(file, text, isCredential))
  problems.add('spec-file', `matches more than ${largestAll / 1024} KiB: give some of the files at a time`)
  return []
}

function checked(
  file: string,
  text: Awaited<ReturnType<typeof readText>>,
  isCredential: SpecFileInputs['isCredential'],
): CheckedFile {
  const nothing = { file, environment: '', drafts: [], clients: [] }
  const start = { file, line: 1, column: 1 }
  if (typeof text !== 'string') return { ...nothing, mistakes: [{ ...start, message: text.complaint }] }
  const { root, mistakes } = parseTree(text)
  if (root !== undefined) return checkFile(file, root, mistakes, isCredential)
  return { ...nothing, mistakes: mistakes.map((mistake) => ({ file, ...mistake })) }
}

/** Reads a regular file, up to the largest size of a spec: the file may change between check and read. */
async function readText(real: string): Promise<string | { complaint: string }> {
  const buffer = Buffer.alloc(largest + 1)
  let size = 0
  try {
    // Without this flag, opening a pipe would wait for a writer.
    const handle = await open(real, constants.O_RDONLY | constants.O_NONBLOCK)
    try {
      if (!(await handle.stat()).isFile()) return { complaint: 'is not a regular file' }
      for (let got = -1; got !== 0 && size < buffer.length; size += got)
        got = (await handle.read(buffer, size, buffer.length - size)).bytesRead
    } finally {
      await handle.close()
    }
  } catch {
    return { complaint: 'can’t be read' }
  }
  if (size > largest) return { complaint: `is larger than ${largest / 1024} KiB` }
  const bytes = buffer.subarray(0, size)
  // This removes a byte order mark, too.
  return isUtf8(bytes) ? new TextDecoder().decode(bytes) : { complaint: 'is not text in UTF-8' }
}

// --- which tenant, which clients -------------------------------------------------------------------------------------

/** The origin for each file: from its `tenant`, or else from the input. */
function tenantsOf(files: CheckedFile[], given: SpecFileInputs, problems: Problems) {
  const mistakes: Mistake[] = []
  const tenants = new Map<CheckedFile, string>()
  let first: { file: string; origin: string } | undefined
  for (const file of files) {
    const complain = (at: Position, message: string) => mistakes.push({ file: file.file, ...at, message })
    // An expression is a mistake of its own, and already reported.
    const isAddress = file.tenant !== undefined && !file.tenant.text.includes('${{')
    const own = isAddress ? readTenant(file.tenant!.text, given.allowCustomHost) : undefined
    const origin = own?.origin ?? given.tenant
    tenants.set(file, origin)
    if (own?.complaint !== undefined) complain(file.tenant!.at, `tenant: ${own.complaint}`)
    else if (own !== undefined && given.tenant !== '' && own.origin !== given.tenant)
      complain(file.tenant!.at, 'tenant: is not the tenant of the input `tenant`')
    if (own?.complaint !== undefined || origin === '') continue
    first ??= { file: file.file, origin }
    if (given.oneTenant && first.origin !== origin)
      complain(
        file.tenant!.at,
        `tenant: is not the tenant of ${plain(first.file)}; a run works on one tenant, so give each its own job: \`mode: validate\` outputs a matrix`,
      )
  }
  const lacks = files.some((file) => file.tenant === undefined && file.mistakes.length === 0 && !tenants.get(file))
  if (given.oneTenant && lacks) problems.add('tenant', 'is missing; give it here or in the spec file')
  return { tenants, mistakes }
}

/** Names may contain spaces: a line that equals a name counts as one name, any other line is a list. Undefined: all clients. */
function chosenNames(only: string, names: string[], problems: Problems): Set<string> | undefined {
  const wanted = only
    .split(/\r?\n/)
    .map((line) => line.trim())
    .flatMap((line) => (names.includes(line) ? [line] : line.split(/[\s,]+/)))
    .filter(Boolean)
  for (const [index, name] of wanted.entries()) {
    if (names.includes(name) || names.length === 0) continue
    const help = didYouMean(name, names)
    problems.add('only', `no client of the spec file is called like name ${index + 1} of the list${help}`, name)
  }
  return wanted.length === 0 ? undefined : new Set(wanted)
}
