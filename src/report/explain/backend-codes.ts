/** The rows of backends that fail, and copies that are not written. See codes.ts. Pure data. */

export const BACKEND_EXPLANATIONS = {
  unreachable: {
    causes: 'The host is down, its name or port is wrong, or a proxy or firewall is in between.',
    action: 'Run prov doctor --storage BACKEND, then the same command again.',
  },
  timed_out: {
    causes: 'The backend is busy or the network is slow.',
    action: 'Run the same command again, with a longer --timeout if needed.',
  },
  denied: {
    causes: 'The credentials are missing, expired or wrong, or they do not allow this operation.',
    action: 'Log in again or ask for the permission. prov doctor --storage BACKEND shows which operation is denied.',
  },
  throttled: {
    causes: 'Too many requests in a short time.',
    action: 'Run the same command again later, with a smaller --concurrency.',
  },
  server_error: {
    causes: 'The backend has a problem of its own (HTTP 5xx).',
    action: 'Run the same command again; look at the logs of the backend if it stays.',
  },
  response_invalid: {
    causes: 'Another service, a login page or a proxy answered in place of the backend.',
    action: 'Check the address. prov doctor --storage BACKEND shows what answered.',
  },
  response_too_large: {
    causes: 'The answer is larger than prov reads, which protects its memory.',
    action: 'Look at that place with the tool of the store, and remove what does not belong there.',
  },
  limit_exceeded: {
    causes: 'Somebody stored very many or very deep items in one place.',
    action: 'Look at that place with the tool of the store, and remove what does not belong there.',
  },
  schema_invalid: {
    causes: 'The SQLite file was made by another program, or was changed.',
    action: 'Name another file in storage.docdb.url, or restore it from a backup.',
  },
  storage_io: {
    causes:
      'The permission is missing, the disk is full, the file system has a problem, or a pipe, link or folder stands where a file belongs.',
    action: 'Check permissions and free space at the location that the message names.',
  },
  not_looked: {
    causes: 'The backend cannot list its content, so prov did not know where to read.',
    action: 'Name the runs as INPUT, or give the file that the hint names.',
  },
  pruned: {
    causes:
      'The entry was removed by prov outbox prune once its copies were confirmed; now those backends are not named, or cannot be read.',
    action: 'Name the backends that hold the copies. Only --resign signs such an artifact once more.',
  },
  aborted: {
    causes: 'Ctrl-C or a signal stopped prov.',
    action: 'Run the same command again. It goes on where this one stopped.',
  },
  entry_too_large: {
    causes: 'The signed statement is larger than this backend can hold in one place.',
    action: 'Leave this backend out, make it --optional, or use a format with less in it.',
  },
  conflict: {
    causes: 'Another prov, Tekton Chains or a controller wrote to the same place at the same moment.',
    action: 'Run the same command again.',
  },
  occupied: {
    causes: 'A different copy that verifies is already in the place.',
    action: 'Compare the two with prov verify. prov store --resign or prov repair --prefer BACKEND replaces it.',
  },
  read_back_failed: {
    causes: 'The store did not give back what was just written: it lags, or another writer replaced it.',
    action: 'Run the same command again, then prov verify.',
  },
  seal_failed: {
    causes: 'The annotation that marks the run as signed could not be written.',
    action: 'Run the same command again. The copies are stored already.',
  },
  outbox_full: {
    causes: 'Deliveries have been failing for long, no worker runs, or truth.max-pending is too low for the traffic.',
    action: 'Run prov outbox ls --count to see which backend is owed most, start a worker, then run the command again.',
  },
  incomplete: {
    causes: 'At least one required backend has no copy yet.',
    action: 'Run the same command again. Copies that are stored stay as they are.',
  },
} as const
