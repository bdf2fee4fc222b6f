#include "core/workers.h"
#include "tests/support.h"

using namespace relocus;
using test::error_of;

namespace {

constexpr const char* kVariables[] = {"RANK",
                                      "WORLD_SIZE",
                                      "LOCAL_WORLD_SIZE",
                                      "MASTER_ADDR",
                                      "MASTER_PORT",
                                      "TORCHELASTIC_USE_AGENT_STORE",
                                      "SLURM_PROCID",
                                      "SLURM_NTASKS",
                                      "SLURM_STEP_NUM_TASKS",
                                      "SLURM_STEP_NODELIST",
                                      "SLURM_JOB_NODELIST",
                                      "SLURM_NODELIST",
                                      "SLURM_LAUNCH_NODE_IPADDR",
                                      "SLURM_JOB_ID",
                                      "SLURM_NNODES",
                                      "SLURM_JOB_NUM_NODES",
                                      "OMPI_COMM_WORLD_RANK",
                                      "OMPI_COMM_WORLD_SIZE",
                                      "OMPI_COMM_WORLD_LOCAL_SIZE",
                                      "OMPI_MCA_ess_base_jobid",
                                      "PMIX_NAMESPACE",
                                      "PMI_RANK",
                                      "PMI_SIZE",
                                      "PMI_ID",
                                      "MPI_LOCALNRANKS",
                                      "RELOCUS_WORKER_SILENCE"};

}  // namespace

class WorkerPlaceTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void init() {
    for (const char* name : kVariables) qunsetenv(name);
  }

  void without_a_word_there_is_one_process() {
    const WorkerPlace place = worker_place();
    QCOMPARE(place.rank, 0);
    QCOMPARE(place.count, 1);
    QVERIFY(place.told_by.empty());
    const auto alone = join_workers(place);
    alone->barrier();
    alone->check();
    QCOMPARE(alone->gather("me"), std::vector<std::string>{"me"});
  }

  void torchrun_tells_it() {
    qputenv("RANK", "3"), qputenv("WORLD_SIZE", "4"), qputenv("LOCAL_WORLD_SIZE", "2");
    qputenv("MASTER_ADDR", "gpu07"), qputenv("MASTER_PORT", "12345");
    WorkerPlace place = worker_place();
    QCOMPARE(place.rank, 3);
    QCOMPARE(place.count, 4);
    QCOMPARE(place.local_count, 2);
    QCOMPARE(place.address, std::string("gpu07"));
    QCOMPARE(place.port, 12345);
    qputenv("TORCHELASTIC_USE_AGENT_STORE", "True");  // torchrun itself has that port
    QCOMPARE(worker_place().port, 12346);
  }

  void slurm_tells_it_to_steps_only() {
    qputenv("SLURM_PROCID", "1"), qputenv("SLURM_NTASKS", "2"), qputenv("SLURM_JOB_ID", "4711");
    QCOMPARE(worker_place().count, 1);  // in a batch script: nobody started the other task
    qputenv("SLURM_LAUNCH_NODE_IPADDR", "10.0.0.9");
    QCOMPARE(worker_place().rank, 1);
    QCOMPARE(worker_place().address, std::string("10.0.0.9"));
    qputenv("SLURM_STEP_NUM_TASKS", "8"), qputenv("SLURM_STEP_NODELIST", "gpu[03-05,7],login");
    const WorkerPlace place = worker_place();
    QCOMPARE(place.count, 8);
    QCOMPARE(place.address, std::string("gpu03"));
    QVERIFY(place.port >= 20000 && place.port < 29000);
    qputenv("SLURM_JOB_ID", "4712");
    QVERIFY(worker_place().port != place.port);  // another job on the same machine
    qputenv("SLURM_STEP_NODELIST", "lonely");
    QCOMPARE(worker_place().address, std::string("lonely"));
  }

  void mpi_tells_it() {
    qputenv("PMI_RANK", "0"), qputenv("PMI_SIZE", "2");
    QCOMPARE(worker_place().count, 2);
    QCOMPARE(worker_place().address, std::string("127.0.0.1"));
    qputenv("OMPI_COMM_WORLD_RANK", "2"), qputenv("OMPI_COMM_WORLD_SIZE", "3");
    qputenv("OMPI_COMM_WORLD_LOCAL_SIZE", "3");
    QCOMPARE(worker_place().rank, 2);
    QCOMPARE(worker_place().local_count, 3);
    qputenv("OMPI_COMM_WORLD_LOCAL_SIZE", "1");
    QVERIFY(error_of(worker_place).find("MASTER_ADDR") != std::string::npos);
    qputenv("MASTER_ADDR", "node1");
    QCOMPARE(worker_place().address, std::string("node1"));
  }

  void torchs_own_words_come_first() {
    qputenv("SLURM_PROCID", "1"), qputenv("SLURM_STEP_NUM_TASKS", "2");
    qputenv("RANK", "0"), qputenv("WORLD_SIZE", "2"), qputenv("MASTER_ADDR", "localhost");
    QCOMPARE(worker_place().told_by, std::string("RANK and WORLD_SIZE"));
  }

  void contradictions_are_named() {
    qputenv("RANK", "1");
    QVERIFY(error_of(worker_place).find("WORLD_SIZE") != std::string::npos);
    qputenv("WORLD_SIZE", "1");
    QVERIFY(error_of(worker_place).find("RANK is 1") != std::string::npos);
    qputenv("WORLD_SIZE", "many");
    QVERIFY(error_of(worker_place).find("'many'") != std::string::npos);
    qputenv("WORLD_SIZE", "2"), qputenv("MASTER_ADDR", "localhost"), qputenv("MASTER_PORT", "123456");
    QVERIFY(error_of(worker_place).find("123456") != std::string::npos);
    qputenv("RELOCUS_WORKER_SILENCE", "-1");
    QVERIFY(error_of([] { worker_options(); }).find("RELOCUS_WORKER_SILENCE") != std::string::npos);
  }
};

QTEST_APPLESS_MAIN(WorkerPlaceTest)
#include "worker_place_test.moc"
