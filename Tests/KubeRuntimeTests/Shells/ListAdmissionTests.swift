import KubeRuntime
import Synchronization
import TestSupport
import Testing

struct ListAdmissionTests {
    @Test func atMostSoManyAtOnceAndAllInTheEnd() async {
        let admission = ListAdmission(limit: 4)
        let (running, most, done) = (Atomic(0), Atomic(0), Atomic(0))
        await withDiscardingTaskGroup { group in
            for _ in 0..<20 {
                group.addTask {
                    await admission.enter()
                    let now = running.add(1, ordering: .relaxed).newValue
                    most.max(now, ordering: .relaxed)
                    try? await Task.sleep(for: .milliseconds(5))
                    running.subtract(1, ordering: .relaxed)
                    admission.leave()
                    done.add(1, ordering: .relaxed)
                }
            }
        }
        #expect(most.load(ordering: .relaxed) <= 4)
        #expect(done.load(ordering: .relaxed) == 20)
        #expect(admission.underWay == 0)
    }

    @Test func oneThatGivesUpLetsNobodyInEarly() async {
        let admission = ListAdmission(limit: 1)
        await admission.enter()
        let entered = Atomic(false)
        let impatient = Task {
            await admission.enter()
            admission.leave()
        }
        try? await Task.sleep(for: .milliseconds(20))
        let patient = Task {
            await admission.enter()
            entered.store(true, ordering: .relaxed)
            admission.leave()
        }
        try? await Task.sleep(for: .milliseconds(20))
        impatient.cancel()
        await impatient.value
        try? await Task.sleep(for: .milliseconds(20))
        #expect(!entered.load(ordering: .relaxed))
        admission.leave()
        await patient.value
        #expect(entered.load(ordering: .relaxed))
    }

    @Test func aKindAloneIsNotPutOff() {
        let admission = ListAdmission()
        admission.join()
        #expect(admission.spread == .zero)
        admission.join()
        #expect(admission.spread == .seconds(1))
    }
}
