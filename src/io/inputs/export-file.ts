import { randomUUID } from 'node:crypto'
import { lstat, mkdir, realpath, rename, rm, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { ActionError } from '../../base/errors.ts'
import { plain } from '../../base/text.ts'

/** A file that an export may write. `overwrite`: it may replace an existing file. */
export type ExportFile = { file: string; workspace: string; overwrite: boolean }

/** Why the file can't be written; undefined if it can. Checked before the first request, and again before the write. */
export async function exportComplaint(target: ExportFile): Promise<string | undefined> {
  const found = await resolved(target)
  return 'complaint' in found ? found.complaint : undefined
}

/**
 * Writes the file, and creates missing folders. Throws `INPUT_INVALID` if it must not or can't be written: an existing file then stays as
 * it was, and no half-written file is left.
 */
export async function writeExport(target: ExportFile, text: string): Promise<void> {
  const found = await resolved(target)
  if ('complaint' in found) throw unwritable(target, found.complaint)
  try {
    await mkdir(path.dirname(found.real), { recursive: true })
    await writeWhole(found.real, text, target.overwrite)
  } catch (cause) {
    const code = String((cause as { code?: unknown } | undefined)?.code ?? 'for an unknown reason')
    throw unwritable(target, code === 'EEXIST' ? isThere : `can’t be written (${plain(code, 40)})`, cause)
  }
}

async function writeWhole(real: string, text: string, overwrite: boolean): Promise<void> {
  const mode = (await stat(real).catch(() => undefined))?.mode
  const partial = overwrite ? `${real}.${randomUUID()}` : real
  try {
    await writeFile(partial, text, { flag: 'wx', mode })
    if (overwrite) await rename(partial, real)
  } catch (thrown) {
    if ((thrown as { code?: unknown }).code !== 'EEXIST') await rm(partial, { force: true })
    throw thrown
  }
}

const isThere = 'exists already; set export-overwrite: true to replace it'

function unwritable({ file }: ExportFile, complaint: string, cause?: unknown): ActionError {
  const hint = 'No file was changed. The output spec has the text.'
  return new ActionError('INPUT_INVALID', `export-file: ${plain(file, 100)} ${complaint}`, hint, { cause })
}

/** The real path of the file, after following links. It must be in the workspace. */
async function resolved({ file, workspace, overwrite }: ExportFile): Promise<{ real: string } | { complaint: string }> {
  const base = await realpath(workspace || '.').catch(() => undefined)
  if (base === undefined) return { complaint: 'needs a workspace; the runner sets GITHUB_WORKSPACE' }
  // An absolute path may name the workspace as the runner does, or as it really is.
  const given = path.resolve(workspace || '.')
  const asked = path.resolve(base, path.isAbsolute(file) && isInFolder(given, file) ? path.relative(given, file) : file)
  if (!isInFolder(base, asked)) return { complaint: 'is outside of the workspace' }
  const real = await followed(asked)
  if (real === undefined || !isInFolder(base, real))
    return { complaint: 'leads outside of the workspace, or to no file' }
  // Git may run files in that folder.
  if (path.relative(base, real).split(path.sep).includes('.git')) return { complaint: 'is in the folder .git' }
  const there = await stat(real).catch(() => undefined)
  if (there !== undefined && !there.isFile()) return { complaint: 'is not a file' }
  return there !== undefined && !overwrite ? { complaint: isThere } : { real }
}

function isInFolder(base: string, target: string): boolean {
  const way = path.relative(base, target)
  return way !== '' && way.split(/[\\/]/)[0] !== '..' && !path.isAbsolute(way)
}

/** The real path; its last parts need not exist yet. Undefined for a broken link, or a path through a file. */
async function followed(target: string): Promise<string | undefined> {
  const real = await realpath(target).catch(() => undefined)
  if (real !== undefined) return real
  const isLink = await lstat(target).then(
    () => true,
    () => false,
  )
  const above = path.dirname(target)
  if (isLink || above === target) return undefined
  const folder = await followed(above)
  if (folder === undefined) return undefined
  const there = await stat(folder).catch(() => undefined)
  return there?.isFile() ? undefined : path.join(folder, path.basename(target))
}
