/// Every bound of the server in one place, with its reason. Sizes are bytes.
package enum Limits {
  /// A JSON request body. Larger data belongs into files.
  package static let jsonBodyBytesMax = 1 << 20
  /// Nesting of a JSON body: deeper data is never meant and costs stack.
  package static let jsonDepthMax = 64
  /// One stored document; as large as a body can be.
  package static let documentBytesMax = 1 << 20
  /// Characters of an id that a caller names.
  package static let idCharactersMax = 128
  /// Length of a collection's, bucket's or function's name.
  package static let nameCharactersMax = 64
  /// A page when the caller does not say.
  package static let pageItemsDefault = 50
  /// The longest page: a page is built in memory.
  package static let pageItemsMax = 1000
  /// Documents of one page together: a page of large ones ends early, with a cursor to go on from.
  package static let pageBytesMax = 8 << 20
  /// Keys of one sort: each one widens the cursor and the index.
  package static let sortKeysMax = 8
  /// Indexes of one collection: each one slows every write.
  package static let indexesMax = 32
  /// Fields of a text index: each is a column of its table.
  package static let textIndexFieldsMax = 16
  /// What one search may hold: words are looked up one by one.
  package static let searchTextBytesMax = 1000
  package static let searchTermsMax = 32
  /// A prefix of one character would find nearly everything, without a place to stop at a deadline.
  package static let searchPrefixCharactersMin = 2
  /// One portion of a text index that is built: bounds how long other writes wait for it.
  package static let textPortionDocumentsMax = 1000
  package static let textPortionBytesMax = 2 << 20
  package static let textPortionTimeMax = Duration.milliseconds(10)
  /// Fields with rules of their own in one collection: each is evaluated for every document that is answered.
  package static let fieldRulesMax = 32
  /// The answer of an expression that is tried out.
  package static let evaluationBytesMax = 4 << 20
  /// Steps of one check against a schema for the smallest document: about a millisecond. Larger ones have four more for each byte.
  package static let schemaStepsMin = 20_000
  package static let schemaFailuresMax = 20
  /// Steps of one search for a schema's pattern in one text: some milliseconds.
  package static let schemaPatternStepsMax = 500_000
  /// Documents that the rules of one request remember; then they read again.
  package static let lookupsKeptMax = 1000
  package static let lookupBytesKeptMax = 4 << 20
  /// Groups of one aggregation, and the bytes of all their different values: they are held in memory.
  package static let aggregateGroupsMax = 100_000
  package static let aggregateBytesMax = 32 << 20
  /// Functions over fields in one aggregation: each is worked out for every document.
  package static let aggregateColumnsMax = 20
  /// Paths that one request expands, and how many references they may follow one after the other.
  package static let expandPathsMax = 10
  package static let expandLevelsMax = 2
  /// Documents that one request expands, each read once; and the bytes that they add to the answer.
  package static let expandedDocumentsMax = 5000
  package static let expandedBytesMax = 16 << 20
  /// Fields of one collection that refer to documents.
  package static let referencesMax = 64
  /// Rows that one list may look at; past it the caller is told to declare an index.
  package static let scannedRowsMax = 1_000_000
  /// How long a reading that may scan runs before it is stopped.
  package static let scanDeadline = Duration.seconds(5)
  /// How long one look at all documents of a collection runs before a unique index or a schema is saved: a few million of them. Its caller waits.
  package static let collectionCheckDeadline = Duration.seconds(45)
  /// Documents over which an index is built at once, with all writers waiting; over more it is built in the background.
  package static let indexedAtOnceMax = 1000
  /// Readings that wait for the reader pool; more are refused as `overloaded`.
  package static let readerQueueMax = 1024
  /// Writes that wait for the writer; more are refused as `overloaded`.
  package static let writerQueueMax = 20_000
  /// Writes in one transaction: bounds how long the first of them waits.
  package static let writesPerCommitMax = 512
  /// Writes in one batch request.
  package static let batchWritesMax = 500
  /// The documents that one batch leaves, together: its answer and its events hold them all.
  package static let batchBytesMax = 16 << 20
  /// Versions and days that a bounded history may keep.
  package static let historyVersionsMax: Int64 = 1_000_000
  package static let historyDaysMax: Int64 = 36_500
  /// A hundred years: what is to live longer need not expire.
  package static let timeToLiveSecondsMax: Int64 = 3_155_760_000
  /// Kept versions that one page of a history looks at: each is judged by the rules.
  package static let historyScannedMax = 2000
  /// Documents that one commit removes or looks at because of their age: callers' writes wait for no longer than that takes.
  package static let lifetimePortion = 100
  package static let lifetimePortionBytes = 4 << 20
  /// How often the server looks for documents that have expired and versions that are to go.
  package static let lifetimeInterval = Duration.seconds(10)
  /// The body of one import: far more than anybody means to send, but not without end.
  package static let importBytesMax: Int64 = 256 << 30
  /// One line (or CSV record) of an import: a document with room for white space and escapes.
  package static let importLineBytesMax = 2 << 20
  /// Documents and bytes of an import that go to the writer at once, and how many such portions are under way: so much stands before
  /// another caller's write, some milliseconds.
  package static let importPortionWritesMax = 256
  package static let importPortionBytesMax = 512 << 10
  package static let importPortionsMax = 3
  /// Errors of an import that its answer tells; the others are counted.
  package static let importErrorsMax = 100
  package static let importErrorBytesMax = 256 << 10
  /// Imports and exports that run at the same time, of callers under rules and of the others: each holds buffers of some MiB.
  package static let bulkTransfersMax = 4
  /// Documents that one piece of an export looks at, and bytes that it holds.
  package static let exportSliceRowsMax = 1000
  package static let exportSliceBytesMax = 1 << 20
  /// Columns of a CSV: each is kept for every row.
  package static let csvColumnsMax = 1000
  /// How long the answer to a request with an `Idempotency-Key` is kept.
  package static let keptAnswerLifetime = Duration.seconds(24 * 3600)
  /// The largest answer that is kept: that of one document always fits, that of a batch may not.
  package static let keptAnswerBytesMax = 4 << 20
  package static let idempotencyKeyCharactersMax = 255
  /// Collections, buckets or functions of one project.
  package static let collectionsMax = 1000
  package static let bucketsMax = 1000
  package static let functionsMax = 1000

  /// A file, when its bucket does not say.
  package static let fileBytesMaxDefault: Int64 = 5 << 30
  package static let filePathBytesMax = 1024
  package static let filePathSegmentBytesMax = 255
  /// What one read or write of file content moves.
  package static let fileChunkBytes = 256 << 10

  package static let emailCharactersMax = 254
  package static let passwordCharactersMin = 8
  /// Argon2id reads the whole password; a longer one would only be a way to burn time.
  package static let passwordBytesMax = 1024
  package static let accessTokenLifetime = Duration.seconds(15 * 60)
  package static let sessionLifetime = Duration.seconds(30 * 24 * 3600)
  package static let adminSessionLifetime = Duration.seconds(12 * 3600)
  package static let tokenBytesMax = 8192
  /// Verified access tokens that each lane remembers.
  package static let tokenCacheEntriesMax = 10_000
  /// Password hashes that wait for the two hashing threads: about three seconds of work.
  package static let hashingQueueMax = 96
  /// Failed logins for one account, then for one address, within the window, before they are slowed down.
  package static let failedLoginsPerAccountMax = 10
  package static let failedLoginsPerAddressMax = 50
  package static let failedLoginWindow = Duration.seconds(15 * 60)
  /// Accounts and addresses whose failures are remembered.
  package static let throttleEntriesMax = 100_000

  package static let functionSourceBytesMax = 1 << 20
  /// Versions of one function that are kept besides those in use: a source may be a megabyte, an archive two hundred.
  package static let functionVersionsKept = 100
  package static let functionArchiveVersionsKept = 10
  /// An archive as it is sent; it is held in memory while it is unpacked.
  package static let functionArchiveBytesMax = 64 << 20
  /// Archives that are deployed at once.
  package static let functionArchivesInHandMax = 2
  /// The manifest beside or inside an archive.
  package static let functionManifestBytesMax = 1 << 20
  package static let functionAliasesMax = 20
  /// Versions that share a function's events: the one that serves and the one that is tried.
  package static let functionSplitVersionsMax = 2
  /// The URL of a remote function: what servers commonly take.
  package static let outboundURLBytesMax = 2048
  /// Headers of a remote function's own, and the bytes of one.
  package static let remoteHeadersMax = 32
  package static let remoteHeaderBytesMax = 4096
  /// Events in one batched request to a remote function, and the bytes near which it is closed: what receivers commonly take.
  package static let remoteBatchEventsMax = 100
  package static let remoteBatchBytesMax = 1 << 20
  /// Secrets of one function, or of the project, and the bytes of one: they go into every worker's environment.
  package static let secretsMax = 100
  package static let secretBytesMax = 32 << 10
  /// Shorter values are not masked in logs: they stand in everything.
  package static let maskedSecretCharactersMin = 6
  /// Secrets that sign a request while one is replaced by another.
  package static let signingSecretsMax = 4
  package static let functionTimeoutDefault = Duration.seconds(10)
  package static let functionTimeoutMax = Duration.seconds(900)
  package static let functionMemoryBytesDefault = 128 << 20
  package static let functionConcurrencyDefault = 10
  package static let functionConcurrencyMax = 100
  package static let functionAttemptsDefault = 5
  package static let functionAttemptsMax = 100
  package static let functionRetryAgeMax = Duration.seconds(366 * 86_400)
  /// Events caused by a function's own writes carry the chain's depth; a longer chain is a loop.
  package static let triggerDepthMax = 16
  /// Hosts that the manifest of a function names as reachable; more is no list that anybody reads.
  package static let networkRulesMax = 100
  /// Functions that one other hands its result to.
  package static let nextFunctionsMax = 10
  /// How long a function may take to look at a write before it is committed: somebody waits, and so do the next writes of that document.
  package static let beforeTimeoutDefault = Duration.seconds(2)
  package static let beforeTimeoutMax = Duration.seconds(10)
  /// Writes that wait for such functions; each is held in memory twice.
  package static let beforeWaitingMax = 2000
  /// Writes of one batch or import that functions look at at the same time.
  package static let beforeAtOnceMax = 16
  /// Writes of one document that wait for each other because of such functions.
  package static let beforeTurnsMax = 128
  /// How often functions look at one write whose document others change meanwhile, before it is given up.
  package static let beforeRoundsMax = 8
  package static let refusalCharactersMax = 1000
  /// The data of one named event, or what a function of a sequence returns: a message, not a file.
  package static let eventDataBytesMax = 256 << 10
  /// Deliveries of one trigger that run or wait in memory.
  package static let deliveryWindow = 256
  /// Deliveries of one trigger that wait for a retry; past it the trigger stops taking events until some are done.
  package static let parkedMax = 10_000
  /// Lines and bytes of log that one invocation keeps.
  package static let logLinesPerInvocationMax = 1000
  package static let logBytesPerInvocationMax = 256 << 10
  package static let logLineBytesMax = 16 << 10
  /// A frame between the server and a worker.
  package static let workerFrameBytesMax = 8 << 20
  /// Days of a report of what functions used, where the caller does not say.
  package static let usageDaysDefault: Int64 = 30
  /// Who may follow logs at once, and the lines that one of them may have missed and is told.
  package static let logTailsMax = 100
  package static let logLinesMissedMax = 10_000
  /// Invocation records kept for each function.
  package static let invocationsKeptPerFunction = 10_000
  /// Steps of one durable run, the bytes of one step's result, and of all of them: an execution gets them in one frame.
  package static let stepsPerRunMax = 1000
  package static let stepResultBytesMax = 256 << 10
  package static let stepBytesPerRunMax = 4 << 20
  package static let stepNameBytesMax = 200
  /// Of a wait's condition, and of what it matches: all waits for one name are read for each event of that name.
  package static let stepConditionBytesMax = 4 << 10
  /// What a run returned, kept for its record.
  package static let runResultBytesMax = 256 << 10
  /// How long a step may sleep or wait, and how long it waits for an event if it does not say.
  package static let runWaitMax = Duration.seconds(366 * 24 * 3600)
  package static let runEventWaitDefault = Duration.seconds(7 * 24 * 3600)
  /// Runs of one function that are not over. Past it new ones fail, and are tried again like other failures.
  package static let runsUnfinishedMax = 100_000
  /// Runs that are over are kept so long, and so many of them.
  package static let runRetention = Duration.seconds(30 * 24 * 3600)
  package static let runsKeptPerFunction = 10_000
  /// Runs that one commit wakes, and that one commit removes: callers' writes wait for no longer than that takes.
  package static let runsPerCommitMax = 100
  /// The body of a call of a function. As Base64, which binary data becomes, it still fits a worker's frame.
  package static let callBodyBytesMax = 5 << 20
  /// How often a call is let in anew because the version that it was meant for went: each time takes a deploy.
  package static let callVersionsTriedMax = 5
  /// A streamed answer of a function: more is a file's matter.
  package static let callAnswerBytesMax = 256 << 20
  /// How far a function may be ahead of a client that reads its streamed answer: the memory that one such client costs.
  package static let callAheadBytesMax = 256 << 10
  /// The head of a function's answer: what proxies and browsers take without complaint.
  package static let callAnswerHeadersMax = 100
  package static let callAnswerHeadBytesMax = 16 << 10
  /// The path of an http trigger.
  package static let callPathBytesMax = 512
  /// Live queries open at once: each holds a connection and some kilobytes.
  package static let liveQueriesMax = 20_000
  /// A live query's snapshot is built in memory, like a page; past it the change feed is the way.
  package static let snapshotItemsMax = 10_000
  package static let snapshotBytesMax = 8 << 20
  /// Snapshots on their way to clients that read slowly, together; past it new ones are refused as `overloaded`.
  package static let snapshotBytesUnsentMax = 256 << 20
  /// Snapshots and stretches of the log that each event loop reads at once for live queries: the readers have others to serve.
  package static let liveReadingsMax = 4
  /// What a live query's client may leave unread besides its snapshot. Past it the connection ends, and its last event's id resumes.
  package static let liveUnsentBytesMax = 1 << 20
  /// What all of them may leave unread together, what they share counted once; past it those with more than the least are cut off, for
  /// ten thousand filters that differ share nothing.
  package static let liveUnsentBytesTotalMax = 64 << 20
  package static let liveUnsentBytesMin = 16 << 10
  /// How often a live query says that it is there: below the minute after which many proxies give up a silent connection.
  package static let liveHeartbeat = Duration.seconds(20)
  /// Changes that each event loop keeps, for clients that come back after a moment.
  package static let recentChangesMax = 4096
  package static let recentChangesBytesMax = 8 << 20
  /// Events that one reading of the log hands to the live queries.
  package static let changesPerBatchMax = 512
  /// Batches that an event loop may have before it; then reading waits.
  package static let batchesAheadMax = 2
  /// Events of all collections that one reading for the change feed looks at, so that it ends soon.
  package static let eventsScannedMax = 20_000
  /// How long the change feed waits for the next change (`wait`).
  package static let changesWaitMax = Duration.seconds(30)
  /// How long events stay in the log once every trigger has passed them.
  package static let eventRetention = Duration.seconds(7 * 24 * 3600)
}
