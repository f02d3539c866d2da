"""Quality of service, in the three kinds the graph uses."""

from typing import Final

from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy

#: Ten seconds of a 200 Hz IMU wait for a busy consumer: what is lost here is lost from the trial.
WAITING_DEPTH: Final = 2000
#: One second of images; raw ones are megabytes.
IMAGE_DEPTH: Final = 30

#: Drivers publish reliable (REP-2003). What a reliable reader missed on the way (Fast DDS's shared memory holds 512
#: messages for a process) is sent again from this queue.
SENSOR_OUT: Final = QoSProfile(
    reliability=ReliabilityPolicy.RELIABLE, history=HistoryPolicy.KEEP_LAST, depth=WAITING_DEPTH
)
IMAGE_OUT: Final = QoSProfile(
    reliability=ReliabilityPolicy.RELIABLE, history=HistoryPolicy.KEEP_LAST, depth=IMAGE_DEPTH
)
#: Consumers of sensor data take what comes.
SENSOR_IN: Final = QoSProfile(
    reliability=ReliabilityPolicy.BEST_EFFORT, history=HistoryPolicy.KEEP_LAST, depth=WAITING_DEPTH
)
IMAGE_IN: Final = QoSProfile(
    reliability=ReliabilityPolicy.BEST_EFFORT, history=HistoryPolicy.KEEP_LAST, depth=IMAGE_DEPTH
)
#: Results of a trial: a late RViz, recorder or restarted node still gets the last ones.
RESULT: Final = QoSProfile(
    reliability=ReliabilityPolicy.RELIABLE,
    durability=DurabilityPolicy.TRANSIENT_LOCAL,
    history=HistoryPolicy.KEEP_LAST,
    depth=1,
)
#: Streams between the nodes: frames, live scores, markers.
STREAM: Final = QoSProfile(reliability=ReliabilityPolicy.RELIABLE, history=HistoryPolicy.KEEP_LAST, depth=30)
