"""Quality of service, in the three kinds the graph uses."""

from typing import Final

from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy

#: Deep enough that one second of a 200 Hz IMU waits for a busy consumer.
SENSOR_DEPTH: Final = 200

#: Drivers publish reliable (REP-2003).
SENSOR_OUT: Final = QoSProfile(
    reliability=ReliabilityPolicy.RELIABLE, history=HistoryPolicy.KEEP_LAST, depth=SENSOR_DEPTH
)
#: Consumers of sensor data take what comes.
SENSOR_IN: Final = QoSProfile(
    reliability=ReliabilityPolicy.BEST_EFFORT, history=HistoryPolicy.KEEP_LAST, depth=SENSOR_DEPTH
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
