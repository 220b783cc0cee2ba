package import KubeModel
import Synchronization

/// One sampler for each distinct question, for as long as somebody asks it.
package final class SamplerPool<Question: Hashable & Sendable, Value: Sendable>: Sendable {
    private struct Running: Sendable {
        var sampler: Sampler<Value>
        var stop: Latch
        var isStarted = false
    }
    private struct State: Sendable {
        var running: [Question: Running] = [:]
        var questions: [ObjectKey: Set<Question>] = [:]
    }

    private let make: @Sendable (Question) -> Sampler<Value>
    private let state = Mutex(State())
    private let changed = Bell()

    /// - Parameter make: makes the sampler that answers a question.
    package init(make: @escaping @Sendable (Question) -> Sampler<Value>) {
        self.make = make
    }

    /// Says which questions `key` asks from now on; those nobody asks any more are no longer polled.
    package func setQuestions(_ questions: Set<Question>, of key: ObjectKey) {
        let isNew = state.withLock { state in
            let before = state.questions[key] ?? []
            state.questions[key] = questions.isEmpty ? nil : questions
            for gone in before.subtracting(questions) {
                guard let running = state.running[gone] else { continue }
                running.sampler.unsubscribe(key)
                if running.sampler.subscribers.isEmpty {
                    running.stop.open()
                    state.running[gone] = nil
                }
            }
            let new = questions.subtracting(before)
            for question in new {
                let running = state.running[question] ?? Running(sampler: make(question), stop: Latch())
                running.sampler.subscribe(key)
                state.running[question] = running
            }
            return !new.isEmpty
        }
        if isNew { changed.ring() }
    }

    /// What is known of a question; nil when nobody asks it.
    package func sample(of question: Question) -> Sample<Value>? { state.withLock { $0.running[question]?.sampler }?.sample }

    package var questions: Set<Question> { state.withLock { Set($0.running.keys) } }

    /// Polls all questions as soon as may be.
    package func pollSoon() {
        for running in state.withLock({ Array($0.running.values) }) { running.sampler.pollSoon() }
    }

    /// Runs the samplers until the task is cancelled.
    package func run() async {
        await withDiscardingTaskGroup { group in
            while !Task.isCancelled {
                let new = state.withLock { state in
                    let new = state.running.filter { !$0.value.isStarted }
                    for question in new.keys { state.running[question]?.isStarted = true }
                    return Array(new.values)
                }
                for running in new {
                    group.addTask { await Self.run(running.sampler, until: running.stop) }
                }
                await changed.wait()
            }
        }
    }

    private static func run(_ sampler: Sampler<Value>, until stop: Latch) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await sampler.run() }
            group.addTask { await stop.wait() }
            await group.next()
            group.cancelAll()
        }
    }
}
