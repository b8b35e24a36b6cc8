"""The words the simulated company is made of. All names are inventions; every address is at example.com."""

from __future__ import annotations

CITIES = (
    "上海", "北京", "苏州", "杭州", "宁波", "无锡", "南京", "合肥", "青岛", "济南", "烟台", "广州", "深圳", "东莞",
    "佛山", "中山", "厦门", "福州", "武汉", "长沙", "郑州", "洛阳", "南昌", "成都", "重庆", "昆明", "贵阳", "西安",
    "兰州", "天津", "石家庄", "太原", "大连", "沈阳", "长春", "哈尔滨", "常州", "嘉兴", "绍兴", "温州",
)  # fmt: skip
ROADS = (
    "人民路", "中山路", "解放大道", "工业园一路", "星湖街", "科技大道", "滨江路", "长江路", "黄河路", "创新路",
    "建设路", "兴业街", "新华路", "光明路", "东环路", "高新二路", "开发大道", "学府路", "育才街", "和平路", "胜利街",
    "迎宾大道",
)  # fmt: skip
BRAND_FIRST = (
    "华", "恒", "鼎", "瑞", "嘉", "宏", "泰", "盛", "金", "德", "信", "博", "新", "中", "远", "联", "科", "精",
    "凯", "万", "东", "海", "天", "永", "安", "启", "佳", "伟", "锐", "百",
)  # fmt: skip
BRAND_SECOND = (
    "达", "源", "丰", "隆", "诚", "通", "顺", "创", "力", "峰", "捷", "茂", "庆", "欣", "翔", "航", "昌", "康",
    "腾", "晟", "辉", "润", "阳", "和", "兴", "邦", "元", "明", "卓", "宇",
)  # fmt: skip
COMPANY_SUFFIXES = ("有限公司", "股份有限公司", "科技有限公司", "集团有限公司")
COMPANY_SUFFIX_WEIGHTS = (70, 8, 16, 6)

ENGLISH_FIRST = (
    "Harbour", "Northgate", "Silverline", "Pacific", "Orient", "Summit", "Evergreen", "Bluestone", "Lakeside",
    "Redwood", "Sterling", "Beacon", "Crescent", "Falcon", "Granite", "Horizon", "Ironbridge", "Jade", "Keystone",
    "Meridian",
)  # fmt: skip
ENGLISH_SECOND = (
    "Peak", "Works", "Tech", "Union", "Bridge", "Delta", "Star", "Crown", "Field", "Link", "Point", "River", "Gate",
    "Forge", "Prime",
)  # fmt: skip
ENGLISH_SUFFIXES = ("Co., Ltd.", "Limited", "(China) Co., Ltd.", "Pte. Ltd.")

# code, name in the CRM, words in a company's name (Chinese, English), share, year-end push
INDUSTRIES = (
    ("machinery", "机械制造", "机械制造", "Machinery", 18, 0.15),
    ("electronics", "电子电器", "电子", "Electronics", 16, 0.25),
    ("automotive", "汽车配件", "汽车零部件", "Auto Parts", 12, 0.10),
    ("chemicals", "化工材料", "化工", "Chemicals", 10, 0.0),
    ("construction", "建筑工程", "建设工程", "Construction", 10, -0.25),
    ("food", "食品饮料", "食品", "Foods", 9, 0.45),
    ("medical", "医疗器械", "医疗器械", "Medical", 8, 0.05),
    ("textiles", "纺织服装", "纺织", "Textiles", 7, 0.20),
    ("packaging", "包装印刷", "包装", "Packaging", 6, 0.30),
    ("logistics", "物流仓储", "物流", "Logistics", 4, 0.50),
)
# code, name in the CRM, share
REGIONS = (
    ("east", "华东", 34),
    ("south", "华南", 24),
    ("north", "华北", 15),
    ("central", "华中", 11),
    ("southwest", "西南", 8),
    ("northeast", "东北", 5),
    ("northwest", "西北", 3),
)
SIZE_BANDS = (("small", "小型", 55), ("medium", "中型", 33), ("large", "大型", 12))
COUNTRIES = (("CN", 960), ("HK", 15), ("SG", 15), ("VN", 10))

SURNAMES = (
    ("王", "wang"), ("李", "li"), ("张", "zhang"), ("刘", "liu"), ("陈", "chen"), ("杨", "yang"),
    ("赵", "zhao"), ("黄", "huang"), ("周", "zhou"), ("吴", "wu"), ("徐", "xu"), ("孙", "sun"), ("胡", "hu"),
    ("朱", "zhu"), ("高", "gao"), ("林", "lin"), ("何", "he"), ("郭", "guo"), ("马", "ma"), ("罗", "luo"),
)  # fmt: skip
GIVEN_NAMES = (
    ("敏", "min"), ("静", "jing"), ("伟", "wei"), ("芳", "fang"), ("磊", "lei"), ("洋", "yang"),
    ("勇", "yong"), ("艳", "yan"), ("杰", "jie"), ("娟", "juan"), ("涛", "tao"), ("明", "ming"),
    ("超", "chao"), ("霞", "xia"), ("平", "ping"), ("刚", "gang"), ("雪", "xue"), ("琳", "lin"),
    ("晨", "chen"), ("宁", "ning"),
)  # fmt: skip
ENGLISH_GIVEN_NAMES = (
    "Grace", "Henry", "Olivia", "Daniel", "Sophie", "Martin", "Emma", "Lucas", "Nora", "Adam", "Clara", "Simon",
    "Ruby", "Oscar", "Alice", "Peter", "Helen", "Victor", "Ivy", "Leo",
)  # fmt: skip

# category, lowest price in yuan, share of cost, product nouns
CATEGORIES = (
    ("紧固件", 3.0, 0.62, ("内六角螺栓", "六角螺母", "平垫圈", "自攻螺钉", "膨胀螺栓")),
    ("轴承", 18.0, 0.66, ("深沟球轴承", "圆锥滚子轴承", "直线轴承", "推力轴承", "带座轴承")),
    ("刀具", 25.0, 0.58, ("硬质合金铣刀", "麻花钻头", "丝锥", "车刀片", "铰刀")),
    ("润滑油品", 60.0, 0.70, ("抗磨液压油", "工业齿轮油", "锂基润滑脂", "切削液", "防锈油")),
    ("劳保用品", 4.0, 0.55, ("丁腈手套", "防护口罩", "安全帽", "劳保鞋", "护目镜")),
    ("包装材料", 6.0, 0.64, ("封箱胶带", "缠绕膜", "打包带", "气泡膜", "纸箱")),
    ("电气元件", 15.0, 0.60, ("断路器", "接触器", "继电器", "接线端子", "按钮开关")),
    ("气动元件", 22.0, 0.57, ("气缸", "电磁阀", "气管接头", "过滤减压阀", "气管")),
    ("胶粘剂", 20.0, 0.59, ("螺纹锁固剂", "瞬干胶", "环氧胶", "密封硅胶", "结构胶")),
    ("量具", 45.0, 0.56, ("数显卡尺", "千分尺", "百分表", "塞尺", "水平仪")),
    ("清洁用品", 5.0, 0.61, ("工业擦拭布", "清洗剂", "吸油棉", "扫把", "垃圾袋")),
    ("手动工具", 16.0, 0.60, ("扭力扳手", "套筒组套", "螺丝刀", "钳子", "内六角扳手")),
)
SPECIFICATIONS = ("标准型", "加强型", "精密型", "经济型")
