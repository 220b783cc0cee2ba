import KubeRuntime
import Testing

struct ListAdmissionTests {
    private actor Tally {
        private var running = 0
        private(set) var most = 0
        private(set) var done = 0

        func begin() {
            running += 1
            most = max(most, running)
        }

        func end() {
            running -= 1
            done += 1
        }
    }

    @Test func atMostSoManyAtOnceAndAllInTheEnd() async {
        let admission = ListAdmission(limit: 4)
        let tally = Tally()
        await withDiscardingTaskGroup { group in
            for _ in 0..<20 {
                group.addTask {
                    await admission.enter()
                    await tally.begin()
                    try? await Task.sleep(for: .milliseconds(5))
                    await tally.end()
                    admission.leave()
                }
            }
        }
        #expect(await tally.most <= 4)
        #expect(await tally.done == 20)
        #expect(admission.underWay == 0)
    }

    @Test func oneThatGivesUpLetsNobodyInEarly() async {
        let admission = ListAdmission(limit: 1)
        await admission.enter()
        let tally = Tally()
        let impatient = Task {
            await admission.enter()
            admission.leave()
        }
        try? await Task.sleep(for: .milliseconds(20))
        let patient = Task {
            await admission.enter()
            await tally.end()
            admission.leave()
        }
        try? await Task.sleep(for: .milliseconds(20))
        impatient.cancel()
        await impatient.value
        try? await Task.sleep(for: .milliseconds(20))
        #expect(await tally.done == 0)
        admission.leave()
        await patient.value
        #expect(await tally.done == 1)
    }

    @Test func aKindAloneIsNotPutOff() {
        let admission = ListAdmission()
        admission.join()
        #expect(admission.spread == .zero)
        admission.join()
        #expect(admission.spread == .seconds(1))
    }
}
