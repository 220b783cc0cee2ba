package import Values

/// The object an event is about.
package struct ObjectReference: Sendable, Hashable {
    package var apiVersion: String
    package var kind: String
    package var namespace: String
    package var name: String
    package var uid: String

    package init(apiVersion: String, kind: String, namespace: String, name: String, uid: String) {
        self.apiVersion = apiVersion
        self.kind = kind
        self.namespace = namespace
        self.name = name
        self.uid = uid
    }
}

package enum EventType: String, Sendable, Hashable {
    case normal = "Normal"
    case warning = "Warning"
}

/// What happened, without when and how often.
package struct EventContent: Sendable, Hashable {
    package var regarding: ObjectReference
    package var related: ObjectReference?
    package var type: EventType
    /// Why, one word in camel case, such as `RulesWritten`.
    package var reason: String
    /// What was done, one word in camel case, such as `Reconcile`.
    package var action: String
    /// For people; no part of what makes two events the same.
    package var note: String

    package init(regarding: ObjectReference, related: ObjectReference? = nil, type: EventType, reason: String, action: String, note: String) {
        self.regarding = regarding
        self.related = related
        self.type = type
        self.reason = reason
        self.action = action
        self.note = note
    }
}

/// An event as the API server shall have it.
package struct EventRecord: Sendable, Hashable {
    package var name: String
    package var content: EventContent
    package var firstSeen: Instant
    package var lastSeen: Instant
    package var count: Int
}

/// Makes series of like events, so that what happens a thousand times costs the API server a handful of writes.
///
/// Written are the first, the second and the tenth occurrence, then one sum every six minutes. A series ends six minutes after its last.
package struct EventSeriesMachine: Sendable {
    package enum Action: Sendable, Hashable {
        case create(EventRecord)
        /// Write the record's count and last time.
        case update(EventRecord)
        /// Counted, not written.
        case hold
        /// The object had more different events than its share.
        case drop
    }

    package struct Settings: Sendable, Hashable {
        package var period = Swift.Duration.seconds(360)
        /// Different events an object may have at once, and how long until it may have one more.
        package var burst = 25
        package var refill = Swift.Duration.seconds(60)
        package var maximumSeries = 4096

        package init() {}
    }

    private struct Kind: Sendable, Hashable {
        var regarding: ObjectReference
        var related: ObjectReference?
        var type: EventType
        var reason: String
        var action: String
    }
    private struct Series: Sendable {
        var record: EventRecord
        var written: Int
        var writtenAt: Instant
    }
    private struct Bucket: Sendable {
        var tokens: Int
        var refilledAt: Instant
    }

    private let settings: Settings
    private var series: [Kind: Series] = [:]
    private var buckets: [ObjectReference: Bucket] = [:]
    private var sequence: UInt64 = 0

    package init(settings: Settings = Settings()) {
        self.settings = settings
    }

    /// An event happened.
    package mutating func record(_ content: EventContent, now: Instant) -> Action {
        let kind = Kind(
            regarding: content.regarding, related: content.related, type: content.type, reason: content.reason, action: content.action)
        if var known = series[kind], now < known.record.lastSeen + settings.period {
            // The clock was set back: periods begin anew, rather than last until it has caught up.
            known.writtenAt = min(known.writtenAt, now)
            known.record.count += 1
            known.record.lastSeen = max(now, known.record.lastSeen)
            let isDue = known.record.count == 2 || known.record.count == 10 || now >= known.writtenAt + settings.period
            if isDue { (known.written, known.writtenAt) = (known.record.count, now) }
            series[kind] = known
            return isDue ? .update(known.record) : .hold
        }
        guard takeToken(content.regarding, now: now) else { return .drop }
        sequence += 1
        let record = EventRecord(
            name: Self.name(of: content.regarding.name, at: now, sequence: sequence), content: content, firstSeen: now, lastSeen: now, count: 1)
        series[kind] = Series(record: record, written: 1, writtenAt: now)
        if series.count > settings.maximumSeries { evict() }
        return .create(record)
    }

    /// Writes what was only counted for a period, and ends series that are over. To be called every minute or so.
    package mutating func sweep(now: Instant) -> [EventRecord] {
        var due: [EventRecord] = []
        for (kind, var known) in series {
            if known.writtenAt > now {
                known.writtenAt = now
                series[kind] = known
            }
            let isUnwritten = known.record.count > known.written
            if isUnwritten, now >= known.writtenAt + settings.period {
                (known.written, known.writtenAt) = (known.record.count, now)
                series[kind] = known
                due.append(known.record)
            }
            if known.record.count == known.written, now >= known.record.lastSeen + settings.period { series[kind] = nil }
        }
        for (object, bucket) in buckets where bucket.refilledAt > now { buckets[object]?.refilledAt = now }
        buckets = buckets.filter { now < $0.value.refilledAt + settings.refill * settings.burst }
        return due.sorted { $0.name < $1.name }
    }

    /// All that was counted and not yet written, for the end.
    package mutating func flush(now: Instant) -> [EventRecord] {
        var due: [EventRecord] = []
        for (kind, known) in series where known.record.count > known.written {
            series[kind]?.written = known.record.count
            due.append(known.record)
        }
        return due.sorted { $0.name < $1.name }
    }

    /// How many series are open.
    package var openSeries: Int { series.count }

    private mutating func takeToken(_ object: ObjectReference, now: Instant) -> Bool {
        var bucket = buckets[object] ?? Bucket(tokens: settings.burst, refilledAt: now)
        bucket.refilledAt = min(bucket.refilledAt, now)
        while bucket.tokens < settings.burst, now >= bucket.refilledAt + settings.refill {
            bucket.tokens += 1
            bucket.refilledAt = bucket.refilledAt + settings.refill
        }
        if bucket.tokens == settings.burst { bucket.refilledAt = now }
        guard bucket.tokens > 0 else { return false }
        bucket.tokens -= 1
        buckets[object] = bucket
        return true
    }

    /// Lets go of the eighth that was not seen for the longest; should they happen again they begin a new series.
    private mutating func evict() {
        for (kind, _) in series.sorted(by: { $0.value.record.lastSeen < $1.value.record.lastSeen }).prefix(max(1, settings.maximumSeries / 8)) {
            series[kind] = nil
        }
    }

    /// `<object>.<hex time and number>`: a DNS name unique enough that a clash means a replay of the same create.
    private static func name(of object: String, at now: Instant, sequence: UInt64) -> String {
        let suffix = "." + String(UInt64(bitPattern: now.microseconds), radix: 16) + String(sequence % 0x1000, radix: 16)
        let isName =
            object.utf8.allSatisfy { byte in
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                    || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
            } && object.utf8.count + suffix.utf8.count <= 253 && !object.isEmpty
        return (isName ? object : "plimsoll") + suffix
    }
}
