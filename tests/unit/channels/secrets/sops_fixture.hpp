#pragma once

// Documents that sops 3.13.3 and age 1.3.2 wrote, and the key that opens them, which opens nothing else.

namespace gitopsctl::tests {

inline constexpr const char* fixture_key = "AGE-SECRET-KEY-1APSNYURSGVFHZ7RDF0G0WYL8W75GYD7ZN4ZSGJ3JPQTHZLMT3PRS6K5ECN";
inline constexpr const char* fixture_recipient = "age140gl0n5sllcrv8hq6k398u07hhkphg26l6gr78zx0zcsd2573gpqfernle";

inline constexpr const char* fixture_age = R"--(-----BEGIN AGE ENCRYPTED FILE-----
YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IFgyNTUxOSBZVUhra2E3V0dQRmJ2SWhJ
RWpFeGlsWituNnl6WkdvdUMwdnZ2d280WGxFCjhzcWgwMEcrUWJIYWE4Y0JpS3pH
SzVyM0V2RzNsZGJLSEpJbVJ5c1poWW8KLS0tIExCcE9pWDZMU214Qll2alQ2Sitq
eXV5VUo2aldlWmV3aEhzUDJ1OUl3bmcKmLxFKCvv5Oz6KL2V6lDunJ39hqbwecZD
Hc4WEsVbBBxoOt+66T9SvxcR
-----END AGE ENCRYPTED FILE-----
)--";

inline constexpr const char* fixture_yaml =
    R"--(#ENC[AES256_GCM,data:+3yJv0p9tOu/,iv:0S3OYK4x5DZCQD2b/WiIm5o3Qi4PDUuj2HyFyZgolFE=,tag:XrI7qQDqBULtWVrUbw1pqQ==,type:comment]
user: ENC[AES256_GCM,data:EBwRMpo=,iv:liezZrXzpMeXIg3NkRbUgBQM+aFyQd66uRvHgo5oAVM=,tag:1+v9iTqE491n7w5xzxvTCA==,type:str]
password: ENC[AES256_GCM,data:CEzkdddbvIM=,iv:FKquyCq9GdLjpjeIj9exNXWoyZ5Ygm4OiVUQVmywZMA=,tag:52MatcQLxNaGcKeXTMY7OQ==,type:str]
port: ENC[AES256_GCM,data:KPq/5A==,iv:BBNbASeYUSW9tUOzXKLIny2c+nba1S6/kap6STvgHkQ=,tag:aEfyCVdNhLedAqljGiC+DA==,type:int]
ratio: ENC[AES256_GCM,data:cPTd,iv:Nz4er70Djl9HoUT3XJLydZXJjGo1qQjKje+GFFJdbu4=,tag:SAxfq0UD3TUYjyJnI2t8YA==,type:float]
"on": ENC[AES256_GCM,data:15xA4A==,iv:1/I5+unLKve/cTsFsSY4xwLbOuZcnYODQMk0jtI/ekw=,tag:0duiqomAvfy76JNP6P7AiQ==,type:bool]
nothing: null
empty: ""
when: ENC[AES256_GCM,data:cnmQEBnz9YDuC03zm+4AyX8cwaw=,iv:Cjeo1d+mtB/muMuAJzeFlg6mYdp+dENV83/ngGxfhkA=,tag:BBv9D1GbpDz2MccXVHPNfg==,type:time]
list:
    - ENC[AES256_GCM,data:nwVF,iv:BAQ4y8iqea8p4XuZp05j+q3z6gUIkhCIIBXoM5RCFOs=,tag:qGwteDfmqN4Lrc/wtJnmag==,type:str]
    - deep: ENC[AES256_GCM,data:F8H2,iv:TWMt47iy6aKVP41VxvYm5NOeugRaXWyCp7qTQ6PPLiA=,tag:XKFX8KuNLbvPq63lUEq/aA==,type:str]
note_unencrypted: open
sops:
    age:
        - enc: |
            -----BEGIN AGE ENCRYPTED FILE-----
            YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IFgyNTUxOSArVDF0aFZrZUxqc3BCbmp6
            QU1oMUt0OVNJQ1RYNjJLd2hrN3lKc3psaFc4CnF6RXRwK1FQa2VwT1djUnVHWVZz
            cjF4ZU5KbHZmZVIrWjg5L29OOWZEb0EKLS0tIE8zdWpHeEpZNDVLNUZuQkY4OXFT
            RlFFRW1CM2ZGL3ZhTXQ4TjNUQUdoeWMK6PLFp6qIEdWmkaoiV/dMwICJHJ2LSPJE
            U79Uvhd807CVxUFQ9YPpAqci7C5AH2xqdWROBvBnPjxT5l1tAGJxjQ==
            -----END AGE ENCRYPTED FILE-----
          recipient: age140gl0n5sllcrv8hq6k398u07hhkphg26l6gr78zx0zcsd2573gpqfernle
    lastmodified: "2026-11-23T09:04:19Z"
    mac: ENC[AES256_GCM,data:JkC36tYZH+fGyWtebaSd9WpmbhbMNfCqyR6XPqfKy+AsjSGi6IIUPQ2OKwh0e6JXwCh3U/pNbaV9h8twnlLQP+82ilSBWDkpoZHMEegahiWeol0EF1Yjiczy+O1fl84VACWj66+cgJmH3V+WQZ1IZtVbT4Y5ZdOtD+BeALmrHO4=,iv:iiw20E6NTLYhovg3PEh6hSJ0+sZKGJ1jDMdIWSIQUIM=,tag:GzgKLYbVVz4a+KyEZExqww==,type:str]
    unencrypted_suffix: _unencrypted
    version: 3.13.3
---
second: ENC[AES256_GCM,data:qKVNFTPEnCI=,iv:v+StEVs+XOC3trLdIE3/fE5z/WOpF/j7vqOK18wn9Fo=,tag:6SxfLogUxBWYscA5Or+bEA==,type:str]
sops:
    age:
        - enc: |
            -----BEGIN AGE ENCRYPTED FILE-----
            YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IFgyNTUxOSArVDF0aFZrZUxqc3BCbmp6
            QU1oMUt0OVNJQ1RYNjJLd2hrN3lKc3psaFc4CnF6RXRwK1FQa2VwT1djUnVHWVZz
            cjF4ZU5KbHZmZVIrWjg5L29OOWZEb0EKLS0tIE8zdWpHeEpZNDVLNUZuQkY4OXFT
            RlFFRW1CM2ZGL3ZhTXQ4TjNUQUdoeWMK6PLFp6qIEdWmkaoiV/dMwICJHJ2LSPJE
            U79Uvhd807CVxUFQ9YPpAqci7C5AH2xqdWROBvBnPjxT5l1tAGJxjQ==
            -----END AGE ENCRYPTED FILE-----
          recipient: age140gl0n5sllcrv8hq6k398u07hhkphg26l6gr78zx0zcsd2573gpqfernle
    lastmodified: "2026-11-23T09:04:19Z"
    mac: ENC[AES256_GCM,data:JkC36tYZH+fGyWtebaSd9WpmbhbMNfCqyR6XPqfKy+AsjSGi6IIUPQ2OKwh0e6JXwCh3U/pNbaV9h8twnlLQP+82ilSBWDkpoZHMEegahiWeol0EF1Yjiczy+O1fl84VACWj66+cgJmH3V+WQZ1IZtVbT4Y5ZdOtD+BeALmrHO4=,iv:iiw20E6NTLYhovg3PEh6hSJ0+sZKGJ1jDMdIWSIQUIM=,tag:GzgKLYbVVz4a+KyEZExqww==,type:str]
    unencrypted_suffix: _unencrypted
    version: 3.13.3
)--";

inline constexpr const char* fixture_json = R"--({
	"user": "admin",
	"password": "ENC[AES256_GCM,data:Uwkq+lFVdw==,iv:MCa08HwZe9m9CNRioj1EQK81GriVfeiGB0ytJ91xBkU=,tag:TmrA2yOliRVPfa9XRDXdiw==,type:str]",
	"data": {
		"x": [
			"ENC[AES256_GCM,data:MA==,iv:DBeZCk4edtHQqXznbgFKDLendsen+U45hwjHP3KN4so=,tag:p3HTk0H9+HuO7EKkTcRjEQ==,type:int]",
			"ENC[AES256_GCM,data:QyTa,iv:uQycaiQRVikFOVIoQdK/yy4QIFT/UpbJgEvDRpdnRtc=,tag:kiTAKQmT1tAyIE30zDf6XQ==,type:float]",
			"ENC[AES256_GCM,data:VtgpGA==,iv:2FUppuebZidtkCuhsI7R8c3+udXRQt0IGpA/UllaexU=,tag:9E89pQr+HFBxU8DAkhCaJg==,type:bool]",
			null
		]
	},
	"sops": {
		"age": [
			{
				"enc": "-----BEGIN AGE ENCRYPTED FILE-----\nYWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IFgyNTUxOSBiTy9IOEZQakRtak84a1Yw\nOUc1ektWT2c4S21sQTQrbnlLSCtmRkwrQ24wClF3UU5uVzJxMGIzbytkV0lES3N0\nd0ljbnZJNHoyeWI3LzhNR2Mrbmp1ekkKLS0tIDZVcU5JWGYvUmxUcThZM1F2cXdr\nd25oYWo2dmtTb1IxLzV4bnNXT0x6RnMK0v/1uBZLvaI+w44hAYKAwP4sjUg41QtL\n4yergAAup7/XmHjVfj0GwcvZCZzo6/bvOOPr8GgOxarZ7M1Un4/bcQ==\n-----END AGE ENCRYPTED FILE-----\n",
				"recipient": "age140gl0n5sllcrv8hq6k398u07hhkphg26l6gr78zx0zcsd2573gpqfernle"
			}
		],
		"encrypted_regex": "^(password|data)$",
		"lastmodified": "2026-11-23T09:04:20Z",
		"mac": "ENC[AES256_GCM,data:K4Lxu/d7lbfOEf1eFAJ2DWBaSFiOqWjI0WNAgb8lc03A9Gh0fiyW7cfM1859sVU2379yosQlBGHrCLZUTUBnBo2npDxPSMspsWcmOhl6KgI6Fo5ubahhbzp7gnRi3N4WtULjHkVntBRD+3YqB0nYqpS2T8PgMSc4btnN4sbB5ik=,iv:sHUHCxQ7MbtkJv0+h+jW9LgyJP7QXQUrATgfL6TXwzs=,tag:McFI0UIG41isYuj9qMAU2w==,type:str]",
		"mac_only_encrypted": true,
		"version": "3.13.3"
	}
}
)--";

inline constexpr const char* fixture_dotenv =
    R"--(#ENC[AES256_GCM,data:HvE1crdn,iv:GiC9yg8sAZ70A6d62zvji+msEEiV2+2PSwYZ2WjfMDw=,tag:6zV9WGWmubySznWSb3S2iQ==,type:comment]
USER=ENC[AES256_GCM,data:e1vclUo=,iv:EvFDsBuUtVXvpPL/biXQev3yKsjWYIuJ8tRBcuolWfs=,tag:P6C7DLhYn6c8VPQNoXppPw==,type:str]
TEXT=ENC[AES256_GCM,data:PkaKUmG6YHQH,iv:Xicr/PDFRNfEqMb7klIL5O60SCZa+1gMIB9ej8OGHw0=,tag:zCeNjpibKaMbTMq59oTPuw==,type:str]
sops_age__list_0__map_enc=-----BEGIN AGE ENCRYPTED FILE-----\nYWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IFgyNTUxOSBiWURMSmJPOC9qeGxRUVBv\nQmY4dVdIcmtGRGp3U2FWaDRUSHpYdCtmc2pNCmxPTldaWGppMVhwWjdjbnhHNUdz\nT1F4cGdXemliQnNkcWpSVU10M0tLQzgKLS0tIElpQU5YbHJlWGRMMUxHbGZGVGxG\nNllES3Bnb3kxVjJhalduZDBzS25NRjgKghz/EJnIqh+CWCMZdlXaHT7RspPyruQY\nIZb2paRQxYX0GCTLmKrzFbugx6OnfCebvc018oEcYA8doIiuX36doQ==\n-----END AGE ENCRYPTED FILE-----\n
sops_age__list_0__map_recipient=age140gl0n5sllcrv8hq6k398u07hhkphg26l6gr78zx0zcsd2573gpqfernle
sops_lastmodified=2026-11-23T09:04:20Z
sops_mac=ENC[AES256_GCM,data:XP5szQE8vw+bOzOouQj31t+gVTjnR42F5SwFmfYmlYDWXNAScxKPTX6lgg9FZgTttw8Cm0oNABjcPv3AdBgeHbuteVCL8PRSkX8GNgxWfSidekbdoCpvfe1MmH5sZcaMZfXZ4C6VAOS9B6N1GVshnyjWHjoC8dX9BWUUI9nLp3E=,iv:M0/k0ojXrSpBmfnAJYlrHzqAiPoi/az/oc8ASSWPlbs=,tag:sNeR7cjZgzw9QOBvOCutUw==,type:str]
sops_unencrypted_suffix=_unencrypted
sops_version=3.13.3
)--";

inline constexpr const char* fixture_binary = R"--({
	"data": "ENC[AES256_GCM,data:s84E1GbG8u49,iv:GYz5PKtVs8FZmEI9WkEJiM0+o4jE46Q8zsMuAQ10tQU=,tag:ddsMCtMTrahmhAOJEYeURQ==,type:str]",
	"sops": {
		"age": [
			{
				"enc": "-----BEGIN AGE ENCRYPTED FILE-----\nYWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IFgyNTUxOSAwZ2RwTGVNNXFabTVXMjZw\nQ01kL3gwWitYelRFbjUxZjk3Mzd5T0VZTURFCjZFZW1TVXNOTDljUmlQUkRnOE5E\nRElKWm1MdnE1a1dCT0JJWjVKeHFuVncKLS0tIGVUR08xK3FDNVdFYTBUSE5ZTW9C\nbUI5VUZzN0U4NHBaVnFMWEh0d2pNVDQKXdbkJ/iqGsaEY9FXoPkq2+LiUHWM6WzH\nknBOEsKUMyjdRKazhsfQkXusjA9GY8Oj8BQLzb65NGv+Z0dOKxP18Q==\n-----END AGE ENCRYPTED FILE-----\n",
				"recipient": "age140gl0n5sllcrv8hq6k398u07hhkphg26l6gr78zx0zcsd2573gpqfernle"
			}
		],
		"lastmodified": "2026-11-23T09:04:20Z",
		"mac": "ENC[AES256_GCM,data:BAMle8YzuPUUd7QuigIhqd1PS4gxulWvAYBE0U0T5uP7rTJdvBRXbIem9cO8tGI1Yg9VyVT6gwQhplrbCXvD6vKgOFqW0Cd0obANTqH2d3yshh4aqMjqTF7/VugOYhAfABlnrjufHqwMwlQ1ZmIQKnGow9jZbxlH9EZF3EVtS68=,iv:2dTQ+AUjH/Zv1vJYm5ZRjucoLgLKKTnjIwCtpRH/uSs=,tag:UviBiSwEeCG6r00uGH+uPg==,type:str]",
		"version": "3.13.3"
	}
}
)--";

}  // namespace gitopsctl::tests
