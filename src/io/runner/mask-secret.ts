import { maskForms } from '../../base/mask-forms.ts'
import { Secret } from '../../base/secret.ts'

/** Registers texts with the runner, which replaces them by `***` in all later output. */
export type Mask = (text: string) => void

/** The only way a value becomes a Secret: every form of it is masked before any other code gets it. */
export function maskedSecret(value: string, mask: Mask): Secret {
  for (const form of maskForms(value)) mask(form)
  return new Secret(value)
}
