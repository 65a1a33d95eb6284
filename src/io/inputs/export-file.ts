import { lstat, mkdir, realpath, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { ActionError } from '../../base/errors.ts'
import { plain } from '../../base/text.ts'

/** A file that an export may write. `overwrite`: also where there is one. */
export type ExportFile = { file: string; workspace: string; overwrite: boolean }

/** What is wrong with writing there, and undefined where nothing is: known before any request, and asked again before it is written. */
export async function exportComplaint(target: ExportFile): Promise<string | undefined> {
  const found = await resolved(target)
  return 'complaint' in found ? found.complaint : undefined
}

/** Writes it, with the folders that it lacks. Throws `INPUT_INVALID` where that must not or can't be. */
export async function writeExport(target: ExportFile, text: string): Promise<void> {
  const found = await resolved(target)
  if ('complaint' in found) throw unwritable(target, found.complaint)
  try {
    await mkdir(path.dirname(found.real), { recursive: true })
    await writeFile(found.real, text, { flag: target.overwrite ? 'w' : 'wx' })
  } catch (cause) {
    const code = String((cause as { code?: unknown } | undefined)?.code ?? 'for no known reason')
    throw unwritable(target, code === 'EEXIST' ? isThere : `can’t be written (${plain(code, 40)})`, cause)
  }
}

const isThere = 'is there already; set export-overwrite: true to replace it'

function unwritable({ file }: ExportFile, complaint: string, cause?: unknown): ActionError {
  const hint = 'No file was changed. The output spec has the text.'
  return new ActionError('INPUT_INVALID', `export-file: ${plain(file, 100)} ${complaint}`, hint, { cause })
}

/** Where the file really is, links followed; it must be in the workspace. */
async function resolved({ file, workspace, overwrite }: ExportFile): Promise<{ real: string } | { complaint: string }> {
  const base = await realpath(workspace || '.').catch(() => undefined)
  if (base === undefined) return { complaint: 'has no workspace to be in; the runner sets GITHUB_WORKSPACE' }
  // An absolute path may name the workspace as the runner does, or as it really is.
  const given = path.resolve(workspace || '.')
  const asked = path.resolve(base, path.isAbsolute(file) && isWithin(given, file) ? path.relative(given, file) : file)
  if (!isWithin(base, asked)) return { complaint: 'lies outside of the workspace' }
  const real = await followed(asked)
  if (real === undefined || !isWithin(base, real)) return { complaint: 'leads outside of the workspace, or nowhere' }
  // Whatever is in there, git may run.
  if (path.relative(base, real).split(path.sep).includes('.git')) return { complaint: 'lies in the folder .git' }
  const there = await stat(real).catch(() => undefined)
  if (there !== undefined && !there.isFile()) return { complaint: 'is no file' }
  return there !== undefined && !overwrite ? { complaint: isThere } : { real }
}

function isWithin(base: string, target: string): boolean {
  const way = path.relative(base, target)
  return way !== '' && way.split(/[\\/]/)[0] !== '..' && !path.isAbsolute(way)
}

/** The real path, of which the last parts may not be there yet; undefined for a link that leads nowhere, or through a file. */
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
