/** What the mutation run turns round, and what has to notice. */

/** The files that judge: from copies that were read to marks, verdicts and plans. */
export const JUDGING = [
  'src/verify/agree.ts',
  'src/verify/verdict.ts',
  'src/provenance/identity.ts',
  'src/copies/judge-slot.ts',
  'src/trust/verify-entry.ts',
  'src/store/completeness.ts',
  'src/store/plan.ts',
  'src/verify/contradictions.ts',
  'src/provenance/same-run.ts',
  'src/provenance/slot-names.ts',
  'src/model/signature-twin.ts',
]

/** Tests that need no server and take a second or two. */
export const QUICK = [
  'test/provenance',
  'test/model',
  'test/copies',
  'test/trust',
  'test/store',
  'test/verify/rules',
  'test/mutation',
]

/** Asked only about what the quick ones let pass. */
export const THOROUGH = [
  'test/verify',
  'test/verify/survey.test.ts',
  'test/repair/drift.test.ts',
  'test/migrate/migrate.test.ts',
]
